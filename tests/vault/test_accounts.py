import pytest
from tests.vault.samples import DUE, account, grant, renewed

from evergrant.vault.accounts import Accounts, AliasTaken
from evergrant.vault.agenda import Agenda
from evergrant.vault.grants import Grants
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio


@pytest.fixture
async def three(grants: Grants, accounts: Accounts) -> Accounts:
    """Two accounts of one tenant, one of another."""
    await grants.connect(account(1), grant())
    await grants.connect(account(2), grant())
    await grants.connect(account(1, tenant_id="tnt_b"), grant())
    return accounts


async def test_an_account_is_found_by_id_alias_and_person(three: Accounts) -> None:
    assert three.get(account(1).key) == account(1)
    assert three.named("tnt_a", "conn_2") == account(2)
    assert three.named("tnt_a", "acme-2") == account(2)
    assert three.of_subject("client_1", "tnt_a", "subject-2") == account(2)


async def test_what_does_not_fit_finds_nothing(three: Accounts) -> None:
    assert three.named("tnt_b", "acme-2") is None
    assert three.of_subject("client_2", "tnt_a", "subject-2") is None
    assert three.of_subject("client_1", "tnt_b", "subject-2") is None


async def test_a_tenants_accounts_come_oldest_first(three: Accounts) -> None:
    assert three.all("tnt_a") == [account(1), account(2)]


async def test_a_free_alias_is_the_wanted_one_or_the_next_number(three: Accounts) -> None:
    assert three.free_alias("tnt_a", "new") == "new"
    assert three.free_alias("tnt_a", "acme-1") == "acme-1-2"
    assert three.free_alias("tnt_b", "acme-2") == "acme-2"


async def test_an_account_can_be_renamed_to_what_is_free(three: Accounts) -> None:
    await three.rename(account(1).key, "home")
    assert three.named("tnt_a", "home") is not None
    with pytest.raises(AliasTaken, match="acme-2"):
        await three.rename(account(1).key, "acme-2")
    assert await three.rename(account(9).key, "new") is False
    assert three.named("tnt_a", "home") is not None


async def test_a_stopped_account_is_due_no_more_and_its_grant_counts_as_dead(
    three: Accounts, grants: Grants, vault: Vault
) -> None:
    await three.block([account(1).key])

    held = grants.load(account(1).grant_key)
    assert held is not None
    assert (held.dead, held.account.state, held.grant.refresh_at) == (True, "revoked", None)
    due = {due.key for due in Agenda(vault.database).due(DUE, 10)}
    assert due == {account(2).grant_key, account(1, tenant_id="tnt_b").grant_key}
    _, begun = await grants.begin(account(1).grant_key, DUE, lambda held: not held.dead)
    assert not begun


async def test_a_success_that_comes_late_does_not_bring_a_stopped_account_back(three: Accounts, grants: Grants) -> None:
    held = grants.load(account(1).grant_key)
    assert held is not None
    await three.block([account(1).key])

    stored = await grants.commit(held, renewed())

    assert stored is not None
    assert (stored.dead, stored.account.state, stored.grant.generation) == (True, "revoked", 2)


async def test_the_tenants_that_have_accounts_are_known(three: Accounts) -> None:
    assert set(three.tenants()) == {"tnt_a", "tnt_b"}


async def test_nothing_is_left_of_a_removed_account(three: Accounts, vault: Vault) -> None:
    with vault.database.engine.connect() as connection:
        sealed = connection.exec_driver_sql("SELECT refresh_token FROM stored_grant WHERE account_id = 'conn_2'")
        [[token]] = sealed.fetchall()
    assert token in vault.file.read_bytes()

    assert await three.remove(account(2).key)
    assert await three.empty_log()

    assert all(token not in file.read_bytes() for file in vault.folder.rglob("*") if file.is_file())
