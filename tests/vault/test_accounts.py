import pytest
from tests.vault.samples import account, grant

from evergrant.vault.accounts import Accounts, AliasTaken
from evergrant.vault.grants import Grants

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
    assert three.named("tnt_a", "home") is not None
