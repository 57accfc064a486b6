"""How an exchange ends: a success counts by generation, a failure by fence."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from tests.vault.samples import START, account, death, grant, renewed

from evergrant.vault.accounts import Accounts
from evergrant.vault.grants import Grants, Held, Renewed
from evergrant.vault.outbox import Outbox

pytestmark = pytest.mark.anyio
KEY = account().grant_key
SENT = START + timedelta(minutes=40)
AGAIN = START + timedelta(minutes=45)


@pytest.fixture
async def first(grants: Grants) -> Held:
    """The first attempt, begun."""
    await grants.connect(account(), grant())
    return await begin(grants)


@pytest.fixture
async def second(grants: Grants, first: Held) -> Held:
    """A second one, begun while the first has not ended."""
    return await begin(grants)


async def begin(grants: Grants) -> Held:
    held, begun = await grants.begin(KEY, SENT, lambda _held: True)
    assert begun
    assert held is not None
    return held


def loaded(grants: Grants) -> Held:
    held = grants.load(KEY)
    assert held is not None
    return held


async def test_a_success_is_the_next_generation_and_closes_the_attempt(grants: Grants, first: Held) -> None:
    stored = await grants.commit(first, renewed())
    assert stored == loaded(grants)
    assert stored is not None
    assert stored.grant == grant(2)
    assert (stored.intent_at, stored.attempts) == (None, 0)


async def test_a_late_success_counts_though_another_attempt_has_begun(
    grants: Grants, first: Held, second: Held
) -> None:
    await grants.commit(first, renewed())
    assert loaded(grants).grant == grant(2)


async def test_a_late_success_counts_though_another_attempt_has_failed(
    grants: Grants, first: Held, second: Held
) -> None:
    await grants.fail(second, "no_answer", AGAIN, may_be_spent=True)
    await grants.commit(first, renewed())
    assert loaded(grants).grant == grant(2)
    assert (loaded(grants).intent_at, loaded(grants).attempts) == (None, 0)


async def test_a_success_brings_the_accounts_values_and_scopes(grants: Grants, first: Held) -> None:
    await grants.commit(first, Renewed(grant(2), {"origin": "https://eu.example"}, ("crm.read", "crm.write")))
    expected = replace(account(), values={"origin": "https://eu.example"}, scopes_granted=("crm.read", "crm.write"))
    assert loaded(grants).account == expected


async def test_a_success_of_an_account_that_lives_tells_nothing(grants: Grants, first: Held, outbox: Outbox) -> None:
    await grants.commit(first, renewed())
    assert outbox.after("tnt_a", 0, 10) == []


async def test_a_late_success_raises_an_account_that_was_buried_meanwhile_and_tells_it(
    grants: Grants, first: Held, second: Held, outbox: Outbox
) -> None:
    await grants.bury(second, "rotation_lost", death(account()))
    await grants.commit(first, renewed())
    assert (loaded(grants).account.state, loaded(grants).account.cause) == ("active", None)
    assert loaded(grants).grant == grant(2)
    told = outbox.after("tnt_a", 0, 10)
    assert [event.type for event in told] == ["agent.auth.reauth_required", "agent.auth.reauth_completed"]
    assert told[1].account_id == KEY.account_id


async def test_a_success_changes_nothing_where_the_generation_has_moved(grants: Grants, first: Held) -> None:
    await grants.connect(account(), grant())
    consented = loaded(grants)
    assert await grants.commit(first, renewed()) == consented
    assert loaded(grants) == consented
    assert loaded(grants).grant.access_token.reveal() == "access-1"


async def test_a_success_of_a_removed_account_is_nobodys(grants: Grants, first: Held, accounts: Accounts) -> None:
    await accounts.remove(account().key)
    assert await grants.commit(first, renewed()) is None
    assert await grants.fail(first, "x", None, may_be_spent=False) is None
    assert await grants.bury(first, "revoked", death(account())) is None
    assert accounts.get(account().key) is None


async def test_a_success_keeps_the_alias_that_was_given_meanwhile(
    grants: Grants, first: Held, accounts: Accounts
) -> None:
    await accounts.rename(account().key, "new-name")
    await grants.commit(first, renewed())
    assert loaded(grants).account.alias == "new-name"


async def test_a_success_is_stored_though_its_accounts_old_alias_has_a_new_owner(
    grants: Grants, first: Held, accounts: Accounts
) -> None:
    await accounts.rename(account().key, "new-name")
    await grants.connect(account(2, alias="acme-1"), grant())
    await grants.commit(first, renewed())
    assert loaded(grants).grant == grant(2)


async def test_a_failure_is_counted_and_puts_the_next_attempt_off(grants: Grants, first: Held) -> None:
    stored = await grants.fail(first, "server_error", AGAIN, may_be_spent=False)
    assert stored == loaded(grants)
    assert (loaded(grants).attempts, loaded(grants).grant.refresh_at) == (1, AGAIN)
    assert (loaded(grants).account.state, loaded(grants).grant.generation) == ("active", 1)


async def test_a_failure_before_the_token_was_sent_closes_the_intent(grants: Grants, first: Held) -> None:
    await grants.fail(first, "not_sent", AGAIN, may_be_spent=False)
    assert loaded(grants).intent_at is None


async def test_a_failure_that_may_have_spent_the_token_leaves_the_intent_open(grants: Grants, first: Held) -> None:
    await grants.fail(first, "no_answer", AGAIN, may_be_spent=True)
    assert loaded(grants).intent_at == SENT


async def test_a_later_failure_does_not_close_an_earlier_attempts_intent(
    grants: Grants, first: Held, second: Held
) -> None:
    await grants.fail(second, "not_sent", AGAIN, may_be_spent=False)
    assert loaded(grants).intent_at == SENT


async def test_an_overtaken_attempts_failure_changes_nothing(grants: Grants, first: Held, second: Held) -> None:
    before = loaded(grants)
    assert await grants.fail(first, "server_error", AGAIN, may_be_spent=True) == before
    assert loaded(grants) == before


async def test_a_failure_after_a_success_changes_nothing(grants: Grants, first: Held, second: Held) -> None:
    await grants.commit(first, renewed())
    before = loaded(grants)
    await grants.fail(second, "server_error", AGAIN, may_be_spent=False)
    assert loaded(grants) == before


async def test_a_burial_ends_the_grant_and_tells_it_once(grants: Grants, first: Held, outbox: Outbox) -> None:
    event = death(account())
    stored = await grants.bury(first, "revoked", event)
    assert stored is not None
    assert (stored.account.state, stored.account.cause) == ("reauth_required", "revoked")
    assert (stored.grant.refresh_at, stored.intent_at) == (None, None)
    assert outbox.after("tnt_a", 0, 10) == [event]
    assert outbox.after("tnt_b", 0, 10) == []
    assert outbox.after("tnt_a", 1, 10) == []


@pytest.mark.parametrize("overtaken_by", ["attempt", "consent", "success"])
async def test_an_overtaken_attempt_buries_nobody(
    grants: Grants, first: Held, outbox: Outbox, overtaken_by: str
) -> None:
    match overtaken_by:
        case "attempt":
            await begin(grants)
        case "consent":
            await grants.connect(account(), grant())
        case _:
            await grants.commit(first, renewed())
    before = loaded(grants)
    assert await grants.bury(first, "revoked", death(account())) == before
    assert loaded(grants).account.state == "active"
    assert outbox.after("tnt_a", 0, 10) == []


async def test_a_burial_whose_event_cannot_be_written_does_not_happen(
    grants: Grants, first: Held, outbox: Outbox
) -> None:
    event = death(account())
    await grants.connect(account(2), grant())
    other = grants.load(account(2).grant_key)
    assert other is not None
    await grants.bury(other, "revoked", event)
    with pytest.raises(IntegrityError):
        await grants.bury(first, "revoked", event)
    assert loaded(grants).account.state == "active"
    assert len(outbox.after("tnt_a", 0, 10)) == 1
