"""Calls that a person must approve: checked, kept, bound to their arguments, and run once when they are approved."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fakes.practice import Practice, practice, surroundings
from tests.service.approving import DELETE, ONE, call_of, caller, contacts, proposed
from tests.service.holding import reconnect, stored, waiting

from evergrant.app import open_app
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.outcome import (
    CallCancelled,
    CallExpired,
    ConfirmationRequired,
    InvalidInput,
    NotAllowed,
    NotFound,
    RateLimited,
    ReauthRequired,
    Result,
)
from evergrant.model.policy import Policy
from evergrant.service import held as limits
from evergrant.service.approval_words import arguments
from evergrant.service.links import ForeignLink
from evergrant.service.standing import Standing
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.held_calls import KEPT

pytestmark = pytest.mark.anyio
APPEND, SEARCH = "sandbox_append_row", "sandbox_search_contacts"
ROW: JsonObject = {"row": ["a"]}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect()


@pytest.fixture
def who(world: Practice, account: ConnectedAccount) -> Standing:
    return caller(world)


async def approve(world: Practice, call_id: str) -> bool:
    return await world.app.held_calls.approvals.approve(LOCAL_TENANT, call_id, "Ada")


async def refuse(world: Practice, call_id: str) -> bool:
    return await world.app.held_calls.approvals.refuse(LOCAL_TENANT, call_id, "Ada")


async def test_what_destroys_is_kept_and_sent_when_it_is_approved_and_no_sooner(world: Practice, who: Standing) -> None:
    sent = world.sandbox.count.api_ok
    asked = await who.execute("acme", DELETE, ONE)
    call_id = call_of(asked)
    early = await who.resume(call_id)

    assert isinstance(early, ConfirmationRequired)
    assert world.sandbox.count.api_ok == sent
    assert await approve(world, call_id)
    first, second = await who.resume(call_id), await who.resume(call_id)
    assert isinstance(first, Result)
    assert second == first
    assert "con_00000001" not in contacts(world)
    assert world.sandbox.count.writes == 1


async def test_what_is_asked_says_what_it_would_do_and_where_to_approve_it_and_no_arguments(who: Standing) -> None:
    asked = await who.execute("acme", DELETE, ONE)

    assert isinstance(asked, ConfirmationRequired)
    assert (asked.tool_name, asked.effect, asked.retryable) == (DELETE, "destroy", False)
    assert "anna@example.test (acme) would destroy data" in asked.what_happened
    assert "Nothing was sent." in asked.what_happened
    assert asked.approval_url
    assert "/approve/" in asked.approval_url
    for told in (asked.approval_url, asked.confirmation_code, asked.call_id, "resume_call"):
        assert told
        assert told in asked.what_to_do
    assert "con_00000001" not in json.dumps(asked.as_json())


@pytest.mark.parametrize(
    ("policy", "kinds"),
    [
        ("read_only", (Result, NotAllowed, NotAllowed)),
        ("confirm_writes", (Result, ConfirmationRequired, ConfirmationRequired)),
        ("confirm_destructive", (Result, Result, ConfirmationRequired)),
        ("full", (Result, Result, Result)),
    ],
)
async def test_each_policy_is_enforced(
    world: Practice, account: ConnectedAccount, policy: Policy, kinds: tuple[type, ...]
) -> None:
    who = caller(world, policy)
    calls: list[tuple[str, JsonObject]] = [(SEARCH, {}), (APPEND, ROW), (DELETE, ONE)]

    assert tuple([type(await who.execute("acme", tool, given)) for tool, given in calls]) == kinds
    assert world.sandbox.count.writes == kinds[1:].count(Result)
    assert (APPEND in who.tools("sandbox")) == (policy != "read_only")


async def test_a_call_that_cannot_be_made_is_refused_and_nobody_is_asked(
    world: Practice, account: ConnectedAccount, who: Standing
) -> None:
    held = world.app.held_calls
    wrong = [
        await who.execute("acme", DELETE, {"contact": "x"}),
        await who.execute("nobody", DELETE, ONE),
        await who.execute("acme", "sandbox_delete_everything", ONE),
        await held.propose(account.key, "gmail_trash_message", {}),
    ]

    assert [type(each) for each in wrong] == [InvalidInput, NotFound, NotFound, NotFound]
    assert wrong[0].account == account.id
    assert held.listed(LOCAL_TENANT, ended=True) == []


async def test_it_is_carried_out_with_the_arguments_that_were_shown_and_no_others(
    world: Practice, who: Standing
) -> None:
    given: dict[str, str] = dict.fromkeys(["contact_id"], "con_00000002")
    call_id = await proposed(who, tool_input=given)
    shown = stored(world, call_id).tool_input
    given["contact_id"] = "con_00000003"
    another = await proposed(who, tool_input=given)

    await approve(world, call_id)

    assert isinstance(await who.resume(another), ConfirmationRequired)
    assert isinstance(await who.resume(call_id), Result)
    assert shown == {"contact_id": "con_00000002"}
    assert "con_00000002" not in contacts(world)
    assert "con_00000003" in contacts(world)


async def test_an_approval_is_for_one_run_however_many_ask_for_it(world: Practice, who: Standing) -> None:
    call_id = await proposed(caller(world, "confirm_writes"), APPEND, ROW)
    approvals = await asyncio.gather(*(approve(world, call_id) for _ in range(5)))

    outcomes = await asyncio.gather(*(who.resume(call_id) for _ in range(10)))

    assert sorted(approvals) == [False] * 4 + [True]
    assert outcomes == outcomes[:1] * 10
    assert isinstance(outcomes[0], Result)
    assert world.sandbox.book("anna").rows == [["a"]]
    assert isinstance(await who.execute("acme", DELETE, ONE), ConfirmationRequired)


async def test_of_a_yes_and_a_no_at_once_one_counts(world: Practice, who: Standing) -> None:
    call_id = await proposed(who)

    said = await asyncio.gather(refuse(world, call_id), approve(world, call_id))

    assert sorted(said) == [False, True]
    outcome = await who.resume(call_id)
    assert isinstance(outcome, CallCancelled if said[0] else Result)
    assert world.sandbox.count.writes == (0 if said[0] else 1)


async def test_what_was_refused_never_runs_and_its_agent_is_told_so(world: Practice, who: Standing) -> None:
    call_id = await proposed(who)

    assert await refuse(world, call_id)

    assert not await approve(world, call_id)
    outcome = await who.resume(call_id)
    assert isinstance(outcome, CallCancelled)
    assert "refused" in outcome.what_happened
    assert "Respect that" in outcome.what_to_do
    assert (stored(world, call_id).decided_by, stored(world, call_id).tool_input) == ("Ada", None)
    assert world.sandbox.count.writes == 0


async def test_what_nobody_decides_in_a_day_is_given_up(world: Practice, who: Standing) -> None:
    call_id = await proposed(who)
    world.clock.advance(KEPT.total_seconds())

    outcome = await who.resume(call_id)
    await world.app.held_calls.runs.tend()

    assert isinstance(outcome, CallExpired)
    assert stored(world, call_id).status == "expired"
    assert not await approve(world, call_id)
    assert world.sandbox.count.writes == 0


async def test_an_approval_outlives_the_server(world: Practice, who: Standing, tmp_path: Path) -> None:
    undecided, call_id = await proposed(who), await proposed(who)
    await approve(world, call_id)

    async with open_app(world.app.settings, surroundings(world.clock)) as later:
        outcomes = [await later.held_calls.resume(LOCAL_TENANT, each) for each in (undecided, call_id)]

    assert [type(each) for each in outcomes] == [ConfirmationRequired, Result]
    assert world.sandbox.count.writes == 1


async def test_a_grant_that_died_meanwhile_is_asked_for_and_the_approval_stays(
    world: Practice, account: ConnectedAccount, who: Standing
) -> None:
    call_id = await proposed(who)
    world.sandbox.revoke(user="anna")
    assert isinstance(await who.resume(call_id), ConfirmationRequired)
    await approve(world, call_id)

    assert isinstance(await who.resume(call_id), ReauthRequired)
    assert stored(world, call_id).approval == "given"
    assert not await who.wait(call_id, 0)
    await reconnect(world, account)
    assert await who.wait(call_id, 0)
    assert isinstance(await who.resume(call_id), Result)
    assert world.sandbox.count.writes == 1


async def test_whoever_waits_for_an_approval_hears_of_it_at_once(world: Practice, who: Standing) -> None:
    call_id = await proposed(who)
    assert not await who.wait_decided(call_id, 0)
    assert not await who.wait(call_id, 0)

    await approve(world, call_id)

    assert await who.wait_decided(call_id, 0)
    assert await who.wait(call_id, 0)


async def test_a_call_that_was_kept_under_a_looser_policy_is_approved_before_a_stricter_caller_runs_it(
    world: Practice, account: ConnectedAccount, who: Standing
) -> None:
    world.sandbox.revoke(user="anna")
    call_id = await waiting(world, account, DELETE, ONE)
    await reconnect(world, account)

    assert isinstance(await who.resume(call_id), ConfirmationRequired)
    assert world.sandbox.count.writes == 0
    await approve(world, call_id)
    assert isinstance(await who.resume(call_id), Result)


async def test_reads_wait_for_no_approval_and_go_on_by_themselves(world: Practice, account: ConnectedAccount) -> None:
    world.sandbox.revoke(user="anna")
    who = caller(world, "confirm_writes")
    outcome = await who.execute("acme", SEARCH, {})
    assert isinstance(outcome, ReauthRequired)
    await reconnect(world, account)

    assert isinstance(await who.resume(str(outcome.call_id)), Result)


async def test_a_caller_that_may_not_see_or_call_it_can_neither_decide_nor_resume_it(
    world: Practice, who: Standing
) -> None:
    call_id = await proposed(who)
    blind, reader = caller(world, accounts=frozenset[str]()), caller(world, "read_only")
    others = caller(world, tools=("gmail_*",))

    assert not await blind.decide(call_id, approved=True)
    assert isinstance(await blind.resume(call_id), NotFound)
    for each in (reader, others):
        assert not await each.decide(call_id, approved=True)
        assert isinstance(await each.resume(call_id), NotAllowed)
    assert stored(world, call_id).approval == "wanted"


async def test_so_many_wait_and_so_much_is_kept_and_no_more(
    world: Practice, who: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = "x" * (limits.LARGEST_INPUT + 1)
    large = await caller(world, "confirm_writes").execute("acme", APPEND, {"row": [big]})
    monkeypatch.setattr(limits, "MOST_WAITING", 1)
    await proposed(who)

    more = await who.execute("acme", DELETE, ONE)

    assert (type(large), type(more)) == (InvalidInput, RateLimited)
    assert world.sandbox.count.writes == 0


async def test_arguments_are_shown_as_they_are_sent_with_what_would_hide_as_escapes(
    world: Practice, account: ConnectedAccount
) -> None:
    tricky = "pay \u202e000,1\u202c to b\u200bob\x1b[8m"
    call_id = await proposed(caller(world, "confirm_writes"), APPEND, {"row": [tricky, "é\nx"]})

    shown, left = arguments(stored(world, call_id), 10_000)

    assert left == 0
    assert json.loads(shown) == {"row": [tricky, "é\nx"]}
    assert not any(mark in shown for mark in "\u202e\u202c\u200b\x1b")
    assert "é" in shown
    whole = json.dumps(stored(world, call_id).tool_input, indent=2, ensure_ascii=False)
    assert arguments(stored(world, call_id), 5)[1] == len(whole) - 5


async def test_a_link_is_good_for_the_call_alone_and_as_long_as_it_waits(world: Practice, who: Standing) -> None:
    asked = await who.execute("acme", DELETE, ONE)
    assert isinstance(asked, ConfirmationRequired)
    claims, call = world.app.held_calls.approvals.opened(str(asked.approval_url).rpartition("/")[2])

    assert (claims.call_id, call.id, claims.expires_at - world.clock.now()) == (asked.call_id, asked.call_id, KEPT)
    assert world.app.held_calls.approvals.left(claims) == timedelta(hours=24)


async def test_where_the_operator_decides_there_is_no_link_and_no_client_has_a_say(
    world: Practice, account: ConnectedAccount
) -> None:
    held = world.app.held_calls
    strict = replace(held, approvals=replace(held.approvals, by_operator=True))
    who = replace(caller(world), every_call=strict)
    before = await caller(world).execute("acme", DELETE, ONE)
    assert isinstance(before, ConfirmationRequired)
    asked = await who.execute("acme", DELETE, ONE)
    call_id = call_of(asked)

    assert isinstance(asked, ConfirmationRequired)
    assert (asked.approval_url, asked.confirmation_code) == (None, None)
    assert "operator" in asked.what_to_do
    assert not await who.decide(call_id, approved=True)
    with pytest.raises(ForeignLink):
        strict.approvals.opened(str(before.approval_url).rpartition("/")[2])
    assert await approve(world, call_id)
    assert isinstance(await who.resume(call_id), Result)


def events(world: Practice) -> list[dict[str, str]]:
    return [event.data for event in world.app.outbox.after(LOCAL_TENANT, 0, 100)]


async def test_a_call_that_waits_is_an_event_with_its_link_and_without_its_arguments(
    world: Practice, account: ConnectedAccount, who: Standing
) -> None:
    asked = await who.execute("acme", DELETE, ONE)

    (event,) = events(world)
    assert isinstance(asked, ConfirmationRequired)
    assert {name: value for name, value in event.items() if name != "occurred_at"} == {
        "event": "agent.call.approval_required",
        "connected_account_id": account.id,
        "provider": "sandbox",
        "tenant_id": LOCAL_TENANT,
        "tool_name": DELETE,
        "effect": "destroy",
        "call_id": asked.call_id,
        "approval_url": asked.approval_url,
        "alias": "acme",
    }


async def test_where_only_the_operator_approves_the_event_has_no_link(world: Practice, who: Standing) -> None:
    held = world.app.held_calls
    strict = replace(held, approvals=replace(held.approvals, by_operator=True))

    await replace(who, every_call=strict).execute("acme", DELETE, ONE)

    (event,) = events(world)
    assert (event["tool_name"], "approval_url" in event) == (DELETE, False)


async def test_a_call_that_a_stricter_caller_resumes_is_told_of_once(
    world: Practice, account: ConnectedAccount
) -> None:
    world.sandbox.revoke(user="anna")
    loose, strict = caller(world, "full"), caller(world, "confirm_writes")
    dead = await loose.execute("acme", APPEND, ROW)
    assert isinstance(dead, ReauthRequired)
    call_id = dead.call_id or ""
    await reconnect(world, account)

    outcomes = [await strict.resume(call_id) for _ in range(2)]

    assert [call_of(outcome) for outcome in outcomes] == [call_id, call_id]
    told = [event for event in events(world) if event["event"] == "agent.call.approval_required"]
    assert [event["call_id"] for event in told] == [call_id]


async def test_what_is_not_kept_is_not_told(world: Practice, who: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_WAITING", 0)

    assert isinstance(await who.execute("acme", DELETE, ONE), RateLimited)
    assert events(world) == []
