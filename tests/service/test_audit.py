"""What is noted of each call and each renewal, by whom, and that nothing of what was said is among it."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.audited import Naming, lines
from tests.fakes.clock import ManualClock
from tests.fakes.practice import START, Practice, practice, sandbox
from tests.service.holding import reconnect, waiting

from evergrant.calls.trace import CallTrace
from evergrant.entry.metrics import Tally
from evergrant.model.account import ConnectedAccount
from evergrant.model.audit import AuditFilter
from evergrant.model.outcome import NotAllowed, Result
from evergrant.model.principal import Principal
from evergrant.sandbox.behaviour import Behaviour
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.service.standing import Standing
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.held import Held

pytestmark = pytest.mark.anyio
APPEND, SEARCH = "sandbox_append_row", "sandbox_search_contacts"
ROW = {"row": ["what was said"]}


@pytest.fixture
def network() -> Naming:
    return Naming()


@pytest.fixture
async def world(tmp_path: Path, network: Naming) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "home", transport=network) as made:
        yield made


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect()


@pytest.fixture
def tally(world: Practice) -> Tally:
    made = Tally()
    world.app.audit.counters.append(made)
    return made


def told(tally: Tally, name: str) -> dict[tuple[str, ...], float]:
    """The values of a counter by its labels."""
    family = next(each for each in tally.collect() if each.name == f"evergrant_{name}")
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def standing(world: Practice, **limits: object) -> Standing:
    principal = Principal(LOCAL_TENANT, name="key_night", **limits)  # type: ignore[arg-type]
    return world.app.standing(principal)


async def test_a_line_says_who_called_what_and_what_the_provider_calls_it(
    world: Practice, account: ConnectedAccount, network: Naming
) -> None:
    await standing(world).execute(account.alias, APPEND, ROW)

    (line,) = await lines(world)
    assert (line.kind, line.outcome, line.principal, line.account_id) == ("call", "ok", "key_night", account.id)
    assert (line.connector, line.tool, line.effect, line.requests) == ("sandbox", APPEND, "write", 1)
    assert line.provider_request_id == f"req-{network.number}"
    assert line.request_bytes == len(b'{"row": ["what was said"]}')
    assert line.response_bytes > 10
    assert line.at == world.clock.now()
    assert (line.input_names, world.app.audit_log.tool_input(LOCAL_TENANT, line.id)) == (None, None)


@pytest.mark.parametrize(
    ("tool", "given", "outcome"),
    [
        (SEARCH, {"query": "nobody at all"}, "empty"),
        (SEARCH, {"limit": "many"}, "invalid_input"),
        ("sandbox_say my-secret-text", {}, "not_found"),
    ],
)
async def test_each_end_of_a_call_has_its_code_and_a_made_up_name_is_not_repeated(
    world: Practice, account: ConnectedAccount, tool: str, given: dict[str, str], outcome: str
) -> None:
    await standing(world).execute_as(account, tool, given)

    (line,) = await lines(world)
    known = (tool, "sandbox") if tool == SEARCH else (None, None)
    assert (line.outcome, line.tool, line.connector) == (outcome, *known)


async def test_what_a_key_may_not_call_is_noted_too(world: Practice, account: ConnectedAccount) -> None:
    outcome = await standing(world, policy="read_only").execute(account.alias, APPEND, ROW)

    (line,) = await lines(world, AuditFilter(failed=True))
    assert isinstance(outcome, NotAllowed)
    assert (line.outcome, line.tool, line.requests, line.principal) == ("not_allowed", APPEND, 0, "key_night")


async def test_a_kept_call_is_noted_when_it_is_kept_and_when_it_runs_under_one_id(
    world: Practice, account: ConnectedAccount
) -> None:
    world.sandbox.revoke(user="anna")
    world.clock.advance(3600)
    call_id = await waiting(world, account, APPEND, ROW)
    await reconnect(world, account)
    assert isinstance(await world.app.held_calls.resume(LOCAL_TENANT, call_id), Result)

    calls = {(line.outcome, line.call_id) for line in await lines(world, AuditFilter(kind="call"))}
    assert calls == {("reauth_required", call_id), ("ok", call_id)}


async def test_renewals_are_noted_with_their_result_and_a_lost_one_by_the_death_it_led_to(
    world: Practice, account: ConnectedAccount, tally: Tally
) -> None:
    world.clock.advance(1801)
    await world.search(account)
    world.clock.advance(1801)
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="token", times=1))
    await world.search(account)

    noted = [(line.kind, line.outcome, line.generation) for line in await lines(world)]
    assert noted == [
        ("refresh", "stored", 1),
        ("refresh", "ambiguous", 2),
        ("refresh", "terminal", 2),
        ("death", "rotation_lost", 2),
    ]
    assert told(tally, "rotation_lost") == {("sandbox",): 1}
    assert told(tally, "grant_deaths") == {("sandbox", "rotation_lost"): 1}
    assert told(tally, "refreshes")["sandbox", "stored"] == 1


async def test_a_grant_that_a_person_has_revoked_was_not_lost(
    world: Practice, account: ConnectedAccount, tally: Tally
) -> None:
    world.sandbox.revoke(user="anna")
    world.clock.advance(1801)
    await world.search(account)

    assert told(tally, "rotation_lost") == {}
    assert told(tally, "grant_deaths") == {("sandbox", "revoked"): 1}


async def test_a_token_that_its_provider_refuses_while_we_hold_it_alive_counts_as_expired(tmp_path: Path) -> None:
    ahead, tally = ManualClock(START), Tally()
    async with practice(tmp_path, provider=sandbox(ahead)) as world:
        world.app.audit.counters.append(tally)
        account = await world.connect()
        ahead.advance(1801)
        assert isinstance(await world.app.held_calls.execute(account.key, SEARCH, {}), Result)

    assert told(tally, "expired_token_sends") == {("sandbox", "provider"): 1}
    assert told(tally, "provider_requests") == {("sandbox",): 2}


async def test_a_request_that_leaves_after_its_tokens_end_counts_and_its_refusal_is_not_counted_again() -> None:
    trace, ended = CallTrace(), False
    leaving = trace.watching(lambda: ended)
    await leaving("http11.send_request_headers.started", None)
    ended = True
    await leaving("connection.connect_tcp.started", None)
    await leaving("http11.send_request_headers.started", None)
    trace.token_refused()
    assert (trace.sent_ended, trace.refused) == (1, 0)
    trace.token_refused()
    assert (trace.sent_ended, trace.refused) == (1, 1)


async def test_that_a_request_leaves_is_told_by_the_network_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally, looks = Tally(), iter([False, True])
    async with practice(tmp_path, Behaviour(access_token_ttl=600)) as world:
        world.app.audit.counters.append(tally)
        account = await world.connect()
        world.clock.advance(550)

        def ended(_held: Held) -> bool:
            return next(looks)

        monkeypatch.setattr(world.app.tokens, "has_ended", ended)
        assert isinstance(await world.app.held_calls.execute(account.key, SEARCH, {}), Result)

    assert told(tally, "expired_token_sends") == {("sandbox", "clock"): 1}


async def test_a_request_with_a_token_about_to_end_is_watched_until_its_first_byte(
    world: Practice, account: ConnectedAccount
) -> None:
    held = await world.app.tokens.grant(account.grant_key)
    assert not world.app.tokens.ends_within(held, 60)
    world.clock.advance(1750)
    assert world.app.tokens.ends_within(held, 60)


async def test_a_caller_who_leaves_is_noted_and_so_is_the_end_of_the_write_that_he_leaves(
    world: Practice, account: ConnectedAccount, network: Naming
) -> None:
    for tool, given in ((SEARCH, {}), (APPEND, ROW)):
        network.open.clear()
        network.reached.clear()
        call = asyncio.create_task(world.app.held_calls.execute(account.key, tool, given, asked_by="local"))
        await network.reached.wait()
        call.cancel()
        await asyncio.wait([call])
        network.open.set()
    await world.app.executor.drain()

    noted = {(line.tool, line.outcome) for line in await lines(world)}
    assert noted == {(SEARCH, "caller_left"), (APPEND, "ok")}


@pytest.mark.parametrize(
    ("policy", "names", "whole"), [("none", None, None), ("names", ("row",), None), ("sealed", ("row",), ROW)]
)
async def test_of_an_input_is_kept_what_the_policy_says(
    tmp_path: Path, policy: str, names: tuple[str, ...] | None, whole: dict[str, list[str]] | None
) -> None:
    async with practice(tmp_path / "home", issuer={"audit_inputs": policy}) as world:
        account = await world.connect()
        await world.app.held_calls.execute(account.key, APPEND, {"row": 1, "my own secret": 1})
        await world.app.held_calls.execute(account.key, APPEND, ROW)

        refused, done = await lines(world)
        assert (refused.outcome, refused.input_names, done.input_names) == ("invalid_input", names, names)
        assert world.app.audit_log.tool_input(LOCAL_TENANT, done.id) == whole
    assert b"what was said" not in (tmp_path / "home" / "vault.db").read_bytes()


async def test_an_id_that_repeats_the_credential_is_none(tmp_path: Path) -> None:
    async with practice(tmp_path / "home", transport=Naming(echo=True)) as world:
        account = await world.connect()
        await world.app.held_calls.execute(account.key, SEARCH, {})

        assert [line.provider_request_id for line in await lines(world)] == [None]


async def test_lines_older_than_the_setting_are_forgotten(world: Practice, account: ConnectedAccount) -> None:
    await standing(world).execute(account.alias, SEARCH, {})
    assert len(await lines(world)) == 1
    world.clock.advance(89 * 86_400)
    await world.app.prune_audit()
    assert len(await lines(world, AuditFilter(kind="call"))) == 1
    world.clock.advance(2 * 86_400)
    await world.app.prune_audit()
    assert await lines(world, AuditFilter(kind="call")) == []
