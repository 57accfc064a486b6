"""Calls that met a dead grant: kept, and gone on with once after the reconnect."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fakes.practice import Practice, practice
from tests.service.holding import reconnect, stored, waiting

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import (
    CallCancelled,
    CallExpired,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    ProviderUnavailable,
    RateLimited,
    ReauthRequired,
    Result,
)
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.service.held import LARGEST_INPUT, MOST_WAITING
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.held_calls import KEPT

pytestmark = pytest.mark.anyio
ROW = {"row": ["a"]}
APPEND, CREATE, SEARCH = "sandbox_append_row", "sandbox_create_contact", "sandbox_search_contacts"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    """Its grant is dead at the provider, and nobody knows it yet."""
    account = await world.connect()
    world.sandbox.revoke(user="anna")
    return account


def rows(world: Practice) -> int:
    return len(world.sandbox.book("anna").rows)


async def test_a_write_that_met_a_dead_grant_runs_once_after_the_reconnect(
    world: Practice, account: ConnectedAccount
) -> None:
    held = world.app.held_calls
    call_id = await waiting(world, account, APPEND, ROW)

    early = await held.resume(LOCAL_TENANT, call_id)
    assert isinstance(early, ReauthRequired)
    assert (early.call_id, early.reauth_url is not None) == (call_id, True)
    await reconnect(world, account)
    first = await held.resume(LOCAL_TENANT, call_id)
    second = await held.resume(LOCAL_TENANT, call_id)

    assert isinstance(first, Result)
    assert second == first
    assert world.sandbox.book("anna").rows == [["a"]]
    assert (stored(world, call_id).status, stored(world, call_id).tool_input) == ("done", None)


async def test_what_is_to_be_done_names_the_call_and_does_not_say_to_make_it_again(
    world: Practice, account: ConnectedAccount
) -> None:
    outcome = await world.app.held_calls.execute(account.key, APPEND, ROW)

    assert isinstance(outcome, ReauthRequired)
    assert outcome.call_id
    assert outcome.call_id in outcome.what_to_do
    assert "Do not make the call anew" in outcome.what_to_do
    assert "call again" not in outcome.what_to_do


async def test_many_resumes_at_once_make_one_run(world: Practice, account: ConnectedAccount) -> None:
    call_id = await waiting(world, account, APPEND, ROW)
    await reconnect(world, account)

    outcomes = await asyncio.gather(*(world.app.held_calls.resume(LOCAL_TENANT, call_id) for _ in range(10)))

    assert {type(outcome) for outcome in outcomes} == {Result}
    assert outcomes == outcomes[:1] * 10
    assert rows(world) == 1


async def test_calls_on_other_accounts_go_on(world: Practice, account: ConnectedAccount) -> None:
    other = await world.connect("other", "ben")
    await waiting(world, account, APPEND, ROW)

    outcome = await world.app.held_calls.execute(other.key, APPEND, ROW)

    assert isinstance(outcome, Result)
    assert world.app.held_calls.listed(LOCAL_TENANT, other.id, ended=True) == []


async def test_only_a_call_that_needs_its_person_is_kept(world: Practice, account: ConnectedAccount) -> None:
    other, held = await world.connect("other", "ben"), world.app.held_calls
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, where="api", times=1))

    outcomes = [
        await held.execute(other.key, SEARCH, {}),
        await held.execute(other.key, SEARCH, {"limit": "many"}),
        await held.execute(account.key, "sandbox_nothing", {}),
    ]

    assert [type(outcome) for outcome in outcomes] == [ProviderUnavailable, InvalidInput, NotFound]
    assert held.listed(LOCAL_TENANT, ended=True) == []


async def test_the_same_read_waits_once_and_the_same_write_as_often_as_it_was_asked(
    world: Practice, account: ConnectedAccount
) -> None:
    reads = {await waiting(world, account, SEARCH, {"query": "a"}) for _ in range(3)}
    writes = {await waiting(world, account, APPEND, ROW) for _ in range(3)}

    assert (len(reads), len(writes)) == (1, 3)
    assert await waiting(world, account, SEARCH, {"query": "b"}) not in reads


async def test_a_call_beyond_the_bound_is_refused_in_words(
    world: Practice, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evergrant.service.held.MOST_WAITING", 1)
    await waiting(world, account, APPEND, ROW)

    outcome = await world.app.held_calls.execute(account.key, APPEND, ROW)

    assert isinstance(outcome, ReauthRequired)
    assert outcome.call_id is None
    assert "1 calls of this account wait already" in outcome.what_to_do
    assert MOST_WAITING == 1000


async def test_an_input_beyond_the_bound_is_refused_in_words(world: Practice, account: ConnectedAccount) -> None:
    outcome = await world.app.held_calls.execute(account.key, APPEND, {"row": ["x" * LARGEST_INPUT]})

    assert isinstance(outcome, ReauthRequired)
    assert outcome.call_id is None
    assert "too large to be kept" in outcome.what_to_do


async def test_waiting_ends_with_the_consent_and_not_before(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls

    assert not await held.wait(LOCAL_TENANT, call_id, 45)
    await reconnect(world, account)
    assert await held.wait(LOCAL_TENANT, call_id, 0)
    assert rows(world) == 0


async def test_nothing_is_waited_for_where_there_is_nothing_to_come(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls
    await held.cancel(LOCAL_TENANT, call_id)

    assert await held.wait(LOCAL_TENANT, call_id, 45)
    assert await held.wait(LOCAL_TENANT, "call_none", 45)


async def test_reads_run_by_themselves_after_the_reconnect_and_writes_do_not(
    world: Practice, account: ConnectedAccount
) -> None:
    read, write = await waiting(world, account, SEARCH, {}), await waiting(world, account, APPEND, ROW)
    runs = world.app.held_calls.runs

    runs.begin_due()
    assert stored(world, read).fence == 0
    await reconnect(world, account)
    runs.begin_due()
    await runs.drain()

    assert isinstance(stored(world, read).outcome, Result)
    assert (stored(world, write).status, rows(world)) == ("waiting", 0)
    sent = world.sandbox.count.api_ok
    assert await world.app.held_calls.resume(LOCAL_TENANT, read) == stored(world, read).outcome
    assert world.sandbox.count.api_ok == sent


async def test_a_read_that_fails_for_a_while_is_tried_again_later_and_later(
    world: Practice, account: ConnectedAccount
) -> None:
    call_id, runs = await waiting(world, account, SEARCH, {}), world.app.held_calls.runs
    await reconnect(world, account)
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, where="api", times=2))

    for pause in (30, 60):
        runs.begin_due()
        await runs.drain()
        assert stored(world, call_id).status == "waiting"
        world.clock.advance(pause - 1)
        runs.begin_due()
        assert not runs.under_way(stored(world, call_id))
        world.clock.advance(1)
    runs.begin_due()
    await runs.drain()

    assert isinstance(stored(world, call_id).outcome, Result)


async def test_a_rate_limit_lets_the_call_wait_on(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls
    await reconnect(world, account)
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_429, where="api", times=1))

    first = await held.resume(LOCAL_TENANT, call_id)
    second = await held.resume(LOCAL_TENANT, call_id)

    assert isinstance(first, RateLimited)
    assert isinstance(second, Result)
    assert rows(world) == 1


async def test_a_write_whose_answer_was_lost_is_not_run_again(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls
    await reconnect(world, account)
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))

    outcomes = [await held.resume(LOCAL_TENANT, call_id) for _ in range(3)]

    assert isinstance(outcomes[0], ProviderUnavailable)
    assert not outcomes[0].retryable
    assert outcomes == outcomes[:1] * 3
    assert rows(world) == 1


async def test_a_write_that_the_provider_knows_again_is_repeated_with_the_same_key(
    world: Practice, account: ConnectedAccount
) -> None:
    call_id, held = await waiting(world, account, CREATE, {"name": "Eve"}), world.app.held_calls
    await reconnect(world, account)
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))

    first, second = await held.resume(LOCAL_TENANT, call_id), await held.resume(LOCAL_TENANT, call_id)

    assert isinstance(first, ProviderUnavailable)
    assert first.retryable
    assert call_id in first.what_to_do
    assert isinstance(second, Result)
    assert len(world.sandbox.book("anna").search("Eve", 10, "").results) == 1


async def test_two_direct_calls_of_such_a_tool_are_two_writes(world: Practice) -> None:
    account = await world.connect()

    for _ in range(2):
        assert isinstance(await world.app.held_calls.execute(account.key, CREATE, {"name": "Eve"}), Result)

    assert len(world.sandbox.book("anna").search("Eve", 10, "").results) == 2


async def test_a_caller_that_goes_away_does_not_stop_a_write(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls
    await reconnect(world, account)
    caller = asyncio.create_task(held.resume(LOCAL_TENANT, call_id))
    while stored(world, call_id).status != "running":
        await asyncio.wait([caller], timeout=0.001)
    caller.cancel()
    await asyncio.wait([caller])

    await held.runs.drain()

    assert caller.cancelled()
    assert isinstance(stored(world, call_id).outcome, Result)
    assert rows(world) == 1


async def test_a_cancelled_call_never_runs_and_says_so(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls

    assert await held.cancel(LOCAL_TENANT, call_id)
    await reconnect(world, account)

    assert isinstance(await held.resume(LOCAL_TENANT, call_id), CallCancelled)
    assert not await held.cancel(LOCAL_TENANT, call_id)
    assert rows(world) == 0


@pytest.mark.parametrize("tended", [True, False])
async def test_a_call_that_waited_a_day_never_runs_and_says_so(
    world: Practice, account: ConnectedAccount, tended: bool
) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls
    world.clock.advance(KEPT.total_seconds())
    await reconnect(world, account)
    if tended:
        await held.runs.tend()
        assert (stored(world, call_id).status, stored(world, call_id).tool_input) == ("expired", None)

    assert isinstance(await held.resume(LOCAL_TENANT, call_id), CallExpired)
    assert rows(world) == 0


async def test_another_tenants_call_looks_like_none(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls
    await reconnect(world, account)

    foreign, unknown = await held.resume("tnt_b", call_id), await held.resume("tnt_b", "call_none")

    assert isinstance(foreign, NotFound)
    assert foreign == unknown
    assert held.get("tnt_b", call_id) is None
    assert held.listed("tnt_b", ended=True) == []
    assert not await held.cancel("tnt_b", call_id)
    assert rows(world) == 0


async def test_a_run_that_broke_off_within_this_process_is_not_taken_for_one_under_way(
    world: Practice, account: ConnectedAccount
) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls
    await reconnect(world, account)
    await held.calls.claim(stored(world, call_id), held.runs.process.name)

    assert isinstance(await held.resume(LOCAL_TENANT, call_id), OutcomeUnknown)
    assert rows(world) == 0


async def test_a_run_of_a_dead_process_is_seen_to_by_the_next_look(world: Practice, account: ConnectedAccount) -> None:
    held = world.app.held_calls
    ids = [await waiting(world, account, tool, given) for tool, given in ((SEARCH, {}), (APPEND, ROW))]
    await reconnect(world, account)
    for call_id in ids:
        await held.calls.claim(stored(world, call_id), "9-gone")

    await held.runs.tend()

    assert [stored(world, call_id).status for call_id in ids] == ["waiting", "failed"]
    assert isinstance(stored(world, ids[1]).outcome, OutcomeUnknown)


async def test_a_removed_account_takes_its_calls_along(world: Practice, account: ConnectedAccount) -> None:
    call_id, held = await waiting(world, account, APPEND, ROW), world.app.held_calls

    await world.app.desk.remove(account, at_provider=False)

    assert held.listed(LOCAL_TENANT, ended=True) == []
    assert isinstance(await held.resume(LOCAL_TENANT, call_id), NotFound)


async def test_who_asked_is_kept_where_it_is_known(world: Practice, account: ConnectedAccount) -> None:
    outcome = await world.app.held_calls.execute(account.key, APPEND, ROW, asked_by="agent")

    assert isinstance(outcome, ReauthRequired)
    found = stored(world, outcome.call_id or "")
    assert (found.asked_by, found.tool_input, found.expires_at - found.created_at) == ("agent", ROW, timedelta(days=1))
    assert replace(found, tool_input=None) in world.app.held_calls.listed(LOCAL_TENANT, account.id)
