"""Lists of accounts: narrowed, a page at a time, and of one tenant."""

from dataclasses import replace

import pytest
from tests.vault.samples import account, grant

from evergrant.model.account import AccountKey
from evergrant.vault.account_lists import EVERY, AccountLists, Wanted
from evergrant.vault.accounts import Accounts
from evergrant.vault.grants import Grants
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lists(vault: Vault, grants: Grants) -> AccountLists:
    for number in range(1, 6):
        await grants.connect(replace(account(number), connector="gmail" if number > 3 else "sandbox"), grant())
    await grants.connect(replace(account(1, tenant_id="tnt_b", alias="theirs"), label="foreign"), grant())
    return AccountLists(vault.database)


def ids(lists: AccountLists, wanted: Wanted = EVERY, after: str | None = None, limit: int = 100) -> list[str]:
    return [each.id for each in lists.page("tnt_a", wanted, after, limit)]


async def test_pages_follow_each_other_without_gap_also_after_one_that_is_gone(lists: AccountLists) -> None:
    assert ids(lists, limit=2) == ["conn_1", "conn_2"]
    assert ids(lists, after="conn_2", limit=2) == ["conn_3", "conn_4"]
    assert ids(lists, after="conn_25") == ["conn_3", "conn_4", "conn_5"]
    assert ids(lists, after="conn_5") == []


async def test_a_list_is_narrowed_by_each_of_its_filters_and_by_all(lists: AccountLists, accounts: Accounts) -> None:
    await accounts.block([AccountKey("tnt_a", "conn_2")])
    await lists.pause(AccountKey("tnt_a", "conn_4"), paused=True)

    assert ids(lists, Wanted(connector="gmail")) == ["conn_4", "conn_5"]
    assert ids(lists, Wanted(state="revoked")) == ["conn_2"]
    assert ids(lists, Wanted(paused=True)) == ["conn_4"]
    assert ids(lists, Wanted(paused=False, connector="gmail")) == ["conn_5"]
    assert ids(lists, Wanted(words="ACME-3")) == ["conn_3"]
    assert ids(lists, Wanted(words="Ada@")) == ["conn_1", "conn_2", "conn_3", "conn_4", "conn_5"]
    assert ids(lists, Wanted(words="%")) == ids(lists, Wanted(words="foreign")) == []
    assert ids(lists, Wanted(ids={"conn_5", "conn_1"})) == ["conn_1", "conn_5"]
    assert ids(lists, Wanted(ids=())) == []


async def test_a_pause_is_lifted_by_no_consent_and_by_no_other_tenant(lists: AccountLists, grants: Grants) -> None:
    assert await lists.pause(account().key, paused=True)
    assert not await lists.pause(AccountKey("tnt_b", "conn_2"), paused=True)
    stored = await grants.connect(account(), grant(2))

    assert stored.paused
    assert ids(lists, Wanted(paused=True)) == ["conn_1"]
    assert [each.paused for each in lists.page("tnt_b")] == [False]
