from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.vault.samples import START, account, death, grant, renewed

from evergrant.model.account import AccountKey, GrantKey
from evergrant.model.event import reauth_completed
from evergrant.vault.accounts import Accounts, AliasTaken
from evergrant.vault.grants import Grants, Held
from evergrant.vault.outbox import Outbox
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio
LATER = START + timedelta(minutes=5)
KEY = account().grant_key
STRANGER = AccountKey("tnt_b", KEY.account_id)


@pytest.fixture
async def connected(grants: Grants) -> Grants:
    await grants.connect(account(), grant())
    return grants


def loaded(grants: Grants) -> Held:
    held = grants.load(KEY)
    assert held is not None
    return held


async def test_a_consent_is_generation_one_and_loads_as_it_was_stored(connected: Grants) -> None:
    assert connected.load(KEY) == Held(account(), KEY, grant(), dead=False, fence=0, intent_at=None, attempts=0)


async def test_a_grant_without_a_refresh_token_or_an_end_loads_as_it_was_stored(grants: Grants) -> None:
    endless = grant(refresh_at=None)
    endless = type(endless)(1, endless.access_token, None, START, None, None)
    await grants.connect(account(), endless)
    assert loaded(grants).grant == endless


async def test_a_new_consent_is_the_next_generation_and_forgets_the_attempt_under_way(connected: Grants) -> None:
    before, _ = await connected.begin(KEY, LATER, lambda _held: True)
    assert before is not None
    await connected.fail(before, "no_answer", None, may_be_spent=True)
    await connected.connect(account(), grant())
    after = loaded(connected)
    assert (after.grant.generation, after.intent_at, after.attempts) == (2, None, 0)
    assert after.fence == before.fence, "fences never repeat, so a late failure finds no match"


async def test_of_two_consents_to_a_dead_account_only_the_first_tells_that_it_lives_again(
    connected: Grants, outbox: Outbox
) -> None:
    dead, completed = death(account()), reauth_completed(account(), START)
    await connected.bury(loaded(connected), "revoked", dead)
    await connected.connect(account(), grant(), completed)
    await connected.connect(account(), grant(), reauth_completed(account(), LATER))
    assert outbox.after("tnt_a", 0, 10) == [dead, completed]


async def test_a_consent_to_an_account_that_lives_is_no_event(connected: Grants, outbox: Outbox) -> None:
    await connected.connect(account(), grant(), reauth_completed(account(), START))
    assert outbox.after("tnt_a", 0, 10) == []


async def test_an_alias_belongs_to_one_account_of_a_tenant(connected: Grants) -> None:
    with pytest.raises(AliasTaken, match="acme-1"):
        await connected.connect(account(2, alias="acme-1"), grant())
    assert connected.load(account(2).grant_key) is None
    await connected.connect(account(1, tenant_id="tnt_b"), grant())


async def test_an_id_and_an_alias_name_the_account_with_its_grant(connected: Grants) -> None:
    await connected.connect(account(2, alias="acme-2"), grant())
    assert connected.named("tnt_a", account().id) == connected.named("tnt_a", "acme-1") == loaded(connected)
    assert connected.named("tnt_a", "acme-3") is None


async def test_another_tenant_finds_nothing(connected: Grants, accounts: Accounts) -> None:
    assert connected.load(GrantKey(*STRANGER)) is None
    assert connected.named("tnt_b", account().id) is None
    assert await connected.begin(GrantKey(*STRANGER), LATER, lambda _held: True) == (None, False)
    assert accounts.get(STRANGER) is None
    assert accounts.named("tnt_b", "acme-1") is None
    assert accounts.all("tnt_b") == []
    assert not await accounts.remove(STRANGER)
    assert loaded(connected).fence == 0


async def test_begin_writes_the_intent_and_a_new_fence(connected: Grants) -> None:
    held, begun = await connected.begin(KEY, LATER, lambda _held: True)
    assert begun
    assert held is not None
    assert (held.fence, held.intent_at) == (1, None), "what was read is from before this attempt"
    assert (loaded(connected).fence, loaded(connected).intent_at) == (1, LATER)


async def test_begin_writes_nothing_where_it_is_decided_against(connected: Grants) -> None:
    held, begun = await connected.begin(KEY, LATER, lambda _held: False)
    assert not begun
    assert held == loaded(connected)
    assert (loaded(connected).fence, loaded(connected).intent_at) == (0, None)


async def test_an_open_intent_keeps_its_first_time(connected: Grants) -> None:
    await connected.begin(KEY, LATER, lambda _held: True)
    again, _ = await connected.begin(KEY, LATER + timedelta(minutes=1), lambda _held: True)
    assert again is not None
    assert again.intent_at == LATER
    assert (loaded(connected).fence, loaded(connected).intent_at) == (2, LATER)


async def test_the_decision_is_made_on_what_is_stored_at_that_moment(connected: Grants) -> None:
    await connected.connect(account(), grant())
    seen: list[int] = []

    def decide(held: Held) -> bool:
        seen.append(held.grant.generation)
        return False

    await connected.begin(KEY, LATER, decide)
    assert seen == [2]


async def test_an_accounts_removal_takes_its_tokens_along(connected: Grants, accounts: Accounts, vault: Vault) -> None:
    assert await accounts.remove(account().key)
    assert connected.load(KEY) is None
    assert connected.of_account(account().key) == []
    assert not await accounts.remove(account().key)


async def test_no_token_lies_in_the_files_of_the_vault(connected: Grants, vault: Vault) -> None:
    held, _ = await connected.begin(KEY, LATER, lambda _held: True)
    assert held is not None
    await connected.commit(held, renewed())
    content = b"".join(path.read_bytes() for path in vault.folder.rglob("*") if path.is_file())
    assert b"conn_1" in content
    for token in ("access-1", "refresh-1", "access-2", "refresh-2"):
        assert token.encode() not in content


async def test_two_openings_of_a_vault_read_each_others_grants(connected: Grants, opened: Callable[[], Vault]) -> None:
    other = opened()
    assert Grants(other.database, other.data_keys).load(KEY) == loaded(connected)
