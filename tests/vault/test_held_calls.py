"""Kept calls as they are stored: sealed, by tenant, and moved by compare-and-swap."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.vault.samples import START, account, death, grant, held_call

from evergrant.model.event import Event
from evergrant.model.held_call import HeldCall
from evergrant.model.outcome import Outcome, ProviderError, Result
from evergrant.store.database import StoreUnavailable
from evergrant.vault import decisions as decisions_module
from evergrant.vault.accounts import Accounts
from evergrant.vault.decisions import Decisions
from evergrant.vault.grants import Grants
from evergrant.vault.held_calls import KEPT, KeptCalls
from evergrant.vault.outbox import Outbox
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio
CANARY = "canary-of-an-input-5b1f0c"
DONE = Result(account="conn_1", label="Ada", content={"said": CANARY})
LATER = START + timedelta(minutes=5)


@pytest.fixture
async def calls(vault: Vault) -> KeptCalls:
    grants = Grants(vault.database, vault.data_keys)
    for number in (1, 2):
        await grants.connect(account(number), grant())
    return KeptCalls(vault.database, vault.data_keys)


@pytest.fixture
def decisions(vault: Vault) -> Decisions:
    return Decisions(vault.database)


async def bury(vault: Vault, number: int = 1) -> None:
    grants = Grants(vault.database, vault.data_keys)
    held = grants.load(account(number).grant_key)
    assert held
    await grants.bury(held, "revoked", death(account(number)))


def stored(calls: KeptCalls, call: HeldCall) -> HeldCall:
    found = calls.get(call.tenant_id, call.id)
    assert found
    return found


async def test_input_and_outcome_are_in_no_file_of_the_vault(vault: Vault, calls: KeptCalls) -> None:
    call = held_call(tool_input={"note": CANARY})

    assert await calls.add(call, 10)
    assert stored(calls, call) == call
    assert held_in_files(vault.folder) == []
    assert await calls.finish(call, DONE, LATER)
    assert stored(calls, call).outcome == DONE
    assert held_in_files(vault.folder) == []


def held_in_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


async def test_a_call_is_its_tenants_alone(calls: KeptCalls) -> None:
    call = held_call()
    await calls.add(call, 10)

    assert calls.get("tnt_b", call.id) is None
    assert calls.listed("tnt_b") == []
    assert not await calls.cancel("tnt_b", call.id, LATER)
    assert calls.ready("tnt_b", call.id)
    assert not await calls.claim(replace(call, tenant_id="tnt_b"), "process")
    assert [each.id for each in calls.listed("tnt_a")] == [call.id]


async def test_of_two_claims_of_the_same_call_one_is_made(calls: KeptCalls) -> None:
    call = held_call()
    await calls.add(call, 10)

    assert [await calls.claim(call, name) for name in ("one", "other")] == [True, False]
    begun = stored(calls, call)
    assert (begun.status, begun.fence, begun.claim) == ("running", 1, "one")
    assert not await calls.cancel("tnt_a", call.id, LATER)


async def test_a_run_that_was_overtaken_changes_nothing(calls: KeptCalls) -> None:
    call = held_call(effect="read")
    await calls.add(call, 10)
    await calls.claim(call, "one")
    first = stored(calls, call)
    await calls.put_back(first, LATER)
    await calls.claim(stored(calls, call), "other")

    assert not await calls.finish(first, DONE, LATER)
    assert not await calls.put_back(first, LATER)
    assert stored(calls, call).claim == "other"


@pytest.mark.parametrize(
    ("outcome", "status"), [(DONE, "done"), (ProviderError(what_happened="No.", what_to_do="Look."), "failed")]
)
async def test_the_input_goes_at_the_end_and_the_outcome_stays_for_a_day(
    calls: KeptCalls, outcome: Outcome, status: str
) -> None:
    call = held_call()
    await calls.add(call, 10)
    await calls.claim(call, "one")
    await calls.finish(stored(calls, call), outcome, LATER)

    ended = stored(calls, call)
    assert (ended.status, ended.tool_input, ended.outcome, ended.expires_at) == (status, None, outcome, LATER + KEPT)
    assert calls.listed("tnt_a") == []
    assert len(calls.listed("tnt_a", ended=True)) == 1
    await calls.expire(LATER + KEPT)
    assert calls.get("tnt_a", call.id) is None


async def test_a_call_that_waited_a_day_is_given_up_and_forgotten_a_day_later(calls: KeptCalls) -> None:
    call = held_call()
    await calls.add(call, 10)

    await calls.expire(START + KEPT - timedelta(seconds=1))
    assert stored(calls, call).status == "waiting"
    await calls.expire(START + KEPT)
    given_up = stored(calls, call)
    assert (given_up.status, given_up.tool_input) == ("expired", None)
    await calls.expire(START + 2 * KEPT)
    assert calls.get("tnt_a", call.id) is None


async def test_a_cancelled_call_has_no_input_left_and_cannot_begin(calls: KeptCalls) -> None:
    call = held_call()
    await calls.add(call, 10)

    assert [await calls.cancel("tnt_a", call.id, LATER) for _ in range(2)] == [True, False]
    assert (stored(calls, call).status, stored(calls, call).tool_input) == ("cancelled", None)
    assert not await calls.claim(call, "one")


async def test_so_many_calls_of_an_account_wait_and_no_more(calls: KeptCalls) -> None:
    kept = [await calls.add(held_call(number=number), 3) for number in range(1, 6)]

    assert kept == [True, True, True, False, False]
    assert await calls.add(held_call(account(2)), 3)
    await calls.cancel("tnt_a", held_call().id, LATER)
    assert await calls.add(held_call(number=9), 3)


async def test_only_the_very_same_read_of_the_same_account_is_the_same(calls: KeptCalls) -> None:
    call = held_call(effect="read", tool_input={"query": "Ann", "limit": 5})
    await calls.add(call, 10)

    asked = replace(call, id="call_again", tool_input={"limit": 5, "query": "Ann"})
    assert calls.same_read(asked, START) == call.id
    assert calls.same_read(asked, LATER) is None
    assert calls.same_read(replace(asked, tool_input={"query": "Ann"}), START) is None
    assert calls.same_read(replace(asked, tool_name="sandbox_search_contacts"), START) is None
    assert calls.same_read(replace(asked, account_id="conn_2"), START) is None
    await calls.claim(call, "one")
    assert calls.same_read(asked, START) is None


async def test_reads_are_due_when_their_own_grant_lives_and_writes_never(vault: Vault, calls: KeptCalls) -> None:
    await bury(vault)
    for number, effect in ((1, "read"), (2, "write")):
        await calls.add(held_call(number=number, effect="read" if effect == "read" else "write"), 10)
    await calls.add(held_call(account(2), effect="read"), 10)

    assert [call.id for call in calls.due_reads(LATER, 10)] == ["call_conn_2_1"]
    assert not calls.ready("tnt_a", held_call().id)
    await Grants(vault.database, vault.data_keys).connect(account(), grant())
    assert [call.id for call in calls.due_reads(LATER, 10)] == ["call_conn_1_1", "call_conn_2_1"]
    assert calls.ready("tnt_a", held_call().id)
    await Accounts(vault.database).block([account().key])
    assert [call.id for call in calls.due_reads(LATER, 10)] == ["call_conn_2_1"]


async def test_a_read_that_was_put_back_is_due_again_at_its_time(calls: KeptCalls) -> None:
    call = held_call(effect="read")
    await calls.add(call, 10)
    await calls.claim(call, "one")
    await calls.put_back(stored(calls, call), LATER)

    assert calls.due_reads(LATER - timedelta(seconds=1), 10) == []
    assert [each.id for each in calls.due_reads(LATER, 10)] == [call.id]
    assert calls.due_reads(START + KEPT, 10) == []


async def test_an_account_that_is_removed_takes_its_calls_along(vault: Vault, calls: KeptCalls) -> None:
    await calls.add(held_call(), 10)
    await calls.add(held_call(account(2)), 10)

    await Accounts(vault.database).remove(account().key)

    assert [call.account_id for call in calls.listed("tnt_a", ended=True)] == ["conn_2"]
    assert not await calls.add(held_call(number=2), 10)
    assert not await calls.finish(held_call(), DONE, LATER)


async def wanting(calls: KeptCalls) -> HeldCall:
    call = replace(held_call(), approval="wanted")
    assert await calls.add(call, 10)
    return call


async def test_while_an_approval_is_wanted_no_run_begins_whatever_its_reader_believes(
    calls: KeptCalls, decisions: Decisions
) -> None:
    call = await wanting(calls)

    assert not await calls.claim(call, "one")
    assert not await calls.claim(replace(call, approval="given"), "one")
    assert (calls.ready("tnt_a", call.id), calls.decided("tnt_a", call.id)) == (False, False)
    assert await decisions.approve("tnt_a", call.id, "Ada", LATER)
    assert (calls.ready("tnt_a", call.id), calls.decided("tnt_a", call.id)) == (True, True)
    assert await calls.claim(call, "one")
    assert stored(calls, call).tool_input == call.tool_input


async def test_a_call_is_approved_or_refused_once_and_says_by_whom_and_when(
    calls: KeptCalls, decisions: Decisions
) -> None:
    call = await wanting(calls)

    assert [await decisions.approve("tnt_a", call.id, by, LATER) for by in ("Ada", "Bob")] == [True, False]
    assert not await decisions.refuse("tnt_a", call.id, "Bob", LATER)
    found = stored(calls, call)
    assert (found.approval, found.decided_by, found.decided_at) == ("given", "Ada", LATER)


@pytest.mark.parametrize("decision", ["given", "refused"])
async def test_a_decision_is_told_once_and_without_the_input(
    vault: Vault, calls: KeptCalls, decisions: Decisions, decision: str
) -> None:
    call = await wanting(calls)
    decide = decisions.approve if decision == "given" else decisions.refuse

    assert [await decide("tnt_a", call.id, by, LATER) for by in ("Ada", "Bob")] == [True, False]
    assert not await decide("tnt_b", call.id, "Bob", LATER)

    (event,) = Outbox(vault.database).after("tnt_a", 0, 10)
    assert Outbox(vault.database).after("tnt_b", 0, 10) == []
    assert (event.account_id, event.occurred_at) == (call.account_id, LATER)
    assert event.data == {
        "event": "agent.call.approval_decided",
        "connected_account_id": call.account_id,
        "provider": account().connector,
        "tenant_id": "tnt_a",
        "tool_name": call.tool_name,
        "effect": call.effect,
        "call_id": call.id,
        "approval": decision,
        "decided_by": "Ada",
        "occurred_at": LATER.isoformat().replace("+00:00", "Z"),
        "alias": account().alias,
    }


async def test_a_decision_that_cannot_be_told_is_not_made(
    vault: Vault, calls: KeptCalls, decisions: Decisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await wanting(calls)

    def fails(_session: Session, _event: Event) -> None:
        raise StoreUnavailable("full")

    monkeypatch.setattr(decisions_module, "add_event", fails)
    with pytest.raises(StoreUnavailable):
        await decisions.approve("tnt_a", call.id, "Ada", LATER)

    assert (stored(calls, call).approval, stored(calls, call).decided_by) == ("wanted", None)


async def test_a_call_that_is_taken_back_is_not_decided(vault: Vault, calls: KeptCalls, decisions: Decisions) -> None:
    call = await wanting(calls)

    assert await calls.cancel("tnt_a", call.id, LATER)
    assert not await decisions.approve("tnt_a", call.id, "Ada", LATER)
    assert Outbox(vault.database).after("tnt_a", 0, 10) == []


async def test_a_refused_call_is_over_and_its_input_is_gone(calls: KeptCalls, decisions: Decisions) -> None:
    call = await wanting(calls)

    assert await decisions.refuse("tnt_a", call.id, "Ada", LATER)
    assert not await decisions.approve("tnt_a", call.id, "Bob", LATER)
    assert not await calls.claim(call, "one")
    found = stored(calls, call)
    assert (found.status, found.approval, found.tool_input) == ("cancelled", "refused", None)


async def test_only_what_waits_for_an_approval_in_its_own_tenant_can_be_decided(
    calls: KeptCalls, decisions: Decisions
) -> None:
    plain, call = held_call(number=2), await wanting(calls)
    await calls.add(plain, 10)

    for tenant, call_id in (("tnt_a", plain.id), ("tnt_b", call.id), ("tnt_a", "call_none")):
        assert not await decisions.approve(tenant, call_id, "Ada", LATER)
        assert not await decisions.refuse(tenant, call_id, "Ada", LATER)
    await calls.cancel("tnt_a", call.id, LATER)
    assert not await decisions.approve("tnt_a", call.id, "Ada", LATER)


async def test_an_approval_that_was_given_is_not_asked_for_again(calls: KeptCalls, decisions: Decisions) -> None:
    call, plain = await wanting(calls), held_call(number=2)
    await calls.add(plain, 10)
    await decisions.approve("tnt_a", call.id, "Ada", LATER)

    assert not await calls.want_approval(stored(calls, call))
    assert await calls.want_approval(plain)
    assert [stored(calls, each).approval for each in (call, plain)] == ["given", "wanted"]
    await calls.claim(call, "one")
    await calls.put_back(stored(calls, call), LATER)
    assert stored(calls, call).approval == "given"
