"""One refresh for any number of callers, in one process and in several, and nothing lost when something stops."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.lowlevel import checkpoint
from tests.fakes import worker
from tests.fakes.clock import ManualClock
from tests.fakes.patient import Patient
from tests.fakes.practice import START, Practice, practice, sandbox

from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.outcome import NotFound, Outcome, ProviderUnavailable, ReauthRequired, Refused, Result
from evergrant.sandbox.behaviour import Behaviour, ExpiresIn, Rotation
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.grants import Held

pytestmark = pytest.mark.anyio
IN_ORDER = ("locked", "intent_uncommitted", "intent_written", "before_send", "sent", "before_commit", "committed")
GRACE = Behaviour(access_token_ttl=1800, rotation=Rotation.GRACE_SAME, grace_s=600)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def at_once(world: Practice, account: ConnectedAccount, calls: int) -> list[Outcome]:
    return await asyncio.gather(*(world.search(account) for _ in range(calls)))


def all_results(outcomes: list[Outcome]) -> bool:
    return all(isinstance(outcome, Result) for outcome in outcomes)


async def test_twenty_calls_on_an_expired_rotating_token_make_one_refresh(world: Practice) -> None:
    account = await world.connect()
    world.clock.advance(1801)

    assert all_results(await at_once(world, account, 20))

    count = world.sandbox.count
    assert (count.refreshes, count.spent_presented, count.api_expired_token) == (1, 0, 0)


async def test_twenty_calls_in_each_of_two_processes_make_one_refresh(world: Practice, tmp_path: Path) -> None:
    account = await world.connect()
    world.clock.advance(1801)

    both = [worker.start(tmp_path, account.id, world.clock.now(), 20) for _ in range(2)]
    found = [await asyncio.to_thread(worker.outcomes, one) for one in both]

    assert found == [{"result": 20}, {"result": 20}]
    assert (world.sandbox.count.refreshes, world.sandbox.count.spent_presented) == (1, 0)


async def test_five_hundred_calls_on_an_expired_token_make_one_refresh(tmp_path: Path) -> None:
    async with practice(tmp_path, transport=Patient()) as world:
        account = await world.connect()
        world.clock.advance(1801)

        assert all_results(await at_once(world, account, 500))
        assert world.sandbox.count.refreshes == 1


async def test_two_hundred_refusals_of_a_token_thought_alive_make_one_refresh(tmp_path: Path) -> None:
    ahead = ManualClock(START)
    async with practice(tmp_path, provider=sandbox(ahead), transport=Patient()) as world:
        account = await world.connect()
        ahead.advance(1801)

        assert all_results(await at_once(world, account, 200))
        count = world.sandbox.count
        assert (count.refreshes, count.api_expired_token) == (1, 200)


async def test_an_end_that_the_answer_leaves_out_is_asked_for(tmp_path: Path) -> None:
    silent = Behaviour(access_token_ttl=600, expires_in=ExpiresIn.ABSENT, rotation=Rotation.STRICT_FAMILY)
    async with practice(tmp_path, silent) as world:
        account = await world.connect()
        world.clock.advance(590)

        assert isinstance(await world.search(account), Result)
        count = world.sandbox.count
        assert (count.refreshes, count.api_expired_token) == (1, 0)


async def test_a_token_near_its_end_is_renewed_before_it_is_used(world: Practice) -> None:
    account = await world.connect()
    world.clock.advance(1800 - 60)

    assert isinstance(await world.search(account), Result)
    assert world.sandbox.count.refreshes == 1


async def test_the_new_token_is_on_disk_before_anyone_uses_it(tmp_path: Path) -> None:
    order: list[str] = []
    async with practice(tmp_path, failpoint=order.append) as world:
        account = await world.connect()
        world.clock.advance(1801)
        order.clear()
        await world.search(account)

        assert [order.index(point) for point in IN_ORDER] == sorted(order.index(point) for point in IN_ORDER)
        held = world.app.tokens.account(account.key)
        assert held.state == "active"


async def test_a_caller_that_goes_away_does_not_stop_the_refresh(world: Practice) -> None:
    account = await world.connect()
    world.clock.advance(1801)

    caller = asyncio.create_task(world.app.tokens.grant(account.grant_key))
    for _ in range(3):
        await checkpoint()
    assert world.sandbox.count.refreshes == 0
    caller.cancel()
    held = await world.app.tokens.grant(account.grant_key)

    assert held.grant.generation == 2
    assert world.sandbox.count.refreshes == 1


async def test_a_success_in_another_process_is_used_and_not_repeated(world: Practice, tmp_path: Path) -> None:
    account = await world.connect()
    world.clock.advance(1801)
    other = worker.start(tmp_path, account.id, world.clock.now(), 1)
    assert await asyncio.to_thread(worker.outcomes, other) == {"result": 1}

    assert isinstance(await world.search(account), Result)
    assert world.sandbox.count.refreshes == 1


@pytest.mark.parametrize("point", ["intent_written", "before_send", "answered", "before_commit", "committed"])
async def test_a_kill_in_a_refresh_loses_nothing_where_the_provider_has_a_grace(tmp_path: Path, point: str) -> None:
    async with practice(tmp_path, GRACE) as world:
        account = await world.connect()
        world.clock.advance(1801)
        victim = worker.start(tmp_path, account.id, world.clock.now(), 1, point)
        assert await asyncio.to_thread(worker.end, victim) == -9

        assert all_results(await at_once(world, account, 20))
        assert world.sandbox.count.grants_dead == 0


async def test_a_revoked_grant_asks_for_reauth_once_and_names_the_link(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.revoke()

    outcomes = await at_once(world, account, 20)

    assert {type(outcome) for outcome in outcomes} == {ReauthRequired}
    assert isinstance(outcomes[0], ReauthRequired)
    url, code = outcomes[0].reauth_url, outcomes[0].confirmation_code
    assert url is not None
    assert url.startswith("http://localhost:8484/reconnect/")
    handle = url.rpartition("/")[2]
    assert (world.app.links.opened(handle).account_id, world.app.links.seal.code(handle)) == (account.id, code)
    events = world.app.outbox.after(LOCAL_TENANT, 0, 10)
    assert Counter(event.type for event in events) == {"agent.auth.reauth_required": 1}
    assert events[0].data["cause"] == "revoked"


@pytest.mark.parametrize("kind", ["status_503", "status_429", "html", "drop_request"])
async def test_trouble_at_the_provider_never_asks_for_reauth(world: Practice, kind: str) -> None:
    account = await world.connect()
    world.clock.advance(1801)
    world.sandbox.faults.add(Fault(kind=FaultKind(kind), times=None))

    assert isinstance(await world.search(account), ProviderUnavailable)

    world.sandbox.faults.clear()
    world.clock.advance(3600)
    assert isinstance(await world.search(account), Result)
    assert world.app.outbox.after(LOCAL_TENANT, 0, 10) == []


async def test_a_failed_early_refresh_leaves_the_live_token_in_use(world: Practice) -> None:
    account = await world.connect()
    world.clock.advance(1650)
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, times=None))

    await world.app.schedule.tick()

    assert isinstance(await world.search(account), Result)


async def test_a_wrong_client_secret_is_the_connections_fault_and_not_the_accounts(world: Practice) -> None:
    account = await world.connect()
    other = await world.connect("other", "bert")
    world.clock.advance(1801)
    world.sandbox.faults.add(Fault(kind=FaultKind.ERROR_IN_200, error="invalid_client", times=None))

    codes = {getattr(await world.search(one), "code", "result") for one in (account, other)}

    assert codes == {"connection_fault"}
    types = [event.type for event in world.app.outbox.after(LOCAL_TENANT, 0, 10)]
    assert types == ["connection.faulted"]


async def test_an_account_of_another_tenant_does_not_exist(world: Practice) -> None:
    account = await world.connect()
    foreign = await world.app.executor.execute_tool(AccountKey("tnt_other", account.id), "sandbox_search_contacts", {})
    unknown = await world.app.executor.execute_tool(
        AccountKey(LOCAL_TENANT, "conn_none"), "sandbox_search_contacts", {}
    )

    assert isinstance(foreign, NotFound)
    # Both name the handle that was asked for; nothing else may tell the two apart.
    assert isinstance(unknown, NotFound)
    assert (foreign.account, unknown.account) == (account.id, "conn_none")
    assert replace(foreign, account=None) == replace(unknown, account=None)


async def test_a_tick_renews_what_is_due_and_leaves_the_rest(world: Practice) -> None:
    await world.connect("early", "anna")
    world.clock.advance(900)
    await world.connect("late", "bert")
    world.clock.advance(900 - 90)

    due = await world.app.schedule.tick()

    assert world.sandbox.count.refreshes == 1
    assert due is not None
    assert due > world.clock.now()


async def test_an_account_whose_answer_was_lost_does_not_head_every_tick(world: Practice) -> None:
    await world.connect("lost", "anna")
    world.clock.advance(1650)
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, times=1))
    await world.app.schedule.tick()
    world.clock.advance(30)

    due = await world.app.schedule.tick()

    assert world.sandbox.count.refreshes == 1
    assert due is not None
    assert due > world.clock.now()


async def test_a_renewal_begun_for_a_refused_token_refuses_nobody_for_whom_the_stored_one_will_do(
    world: Practice,
) -> None:
    account = await world.connect()
    world.clock.advance(1800 - 60)  # within the leeway, and alive
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503))
    key = account.grant_key

    refused, content = await asyncio.gather(
        world.app.tokens.grant(key, newer_than=1), world.app.tokens.grant(key), return_exceptions=True
    )

    assert isinstance(refused, Refused)
    assert isinstance(content, Held)
    assert content.grant.generation == 1
