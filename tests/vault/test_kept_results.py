"""Kept results as they are stored: sealed, by tenant, few of an account, and not for long."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.vault.samples import START, account, grant, kept_result

from evergrant.model.json import Json
from evergrant.model.kept_result import KeptResult
from evergrant.vault.accounts import Accounts
from evergrant.vault.grants import Grants
from evergrant.vault.kept_results import KEPT, LARGEST_KEPT, MOST_CHARACTERS, MOST_KEPT, KeptResults
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio


@pytest.fixture
async def results(vault: Vault) -> KeptResults:
    await Grants(vault.database, vault.data_keys).connect(account(), grant())
    await Grants(vault.database, vault.data_keys).connect(account(2), grant())
    return KeptResults(vault.database, vault.data_keys)


def of_size(number: int, characters: int) -> KeptResult:
    kept = kept_result(number=number)
    content: Json = "x" * characters
    return replace(kept, result=replace(kept.result, content=content))


async def test_it_comes_back_as_it_was_and_is_in_no_file_of_the_vault(vault: Vault, results: KeptResults) -> None:
    kept = kept_result()
    canary = replace(kept, result=replace(kept.result, content=["canary of a result"]))
    await results.add(canary)

    found = results.get("tnt_a", kept.id, START)

    assert found is not None
    assert found == canary
    assert found.result.tool_name == "sandbox_list_rows"
    assert all(b"canary of a result" not in file.read_bytes() for file in vault.folder.rglob("*") if file.is_file())


async def test_it_is_its_tenants_alone_and_for_an_hour(results: KeptResults) -> None:
    kept = kept_result()
    await results.add(kept)

    assert results.get("tnt_b", kept.id, START) is None
    assert results.get("tnt_a", kept.id, START + KEPT - timedelta(seconds=1))
    assert results.get("tnt_a", kept.id, START + KEPT) is None


async def test_what_is_over_is_forgotten(results: KeptResults) -> None:
    await results.add(kept_result(number=1))
    await results.add(replace(kept_result(number=2), expires_at=START + 2 * KEPT))

    await results.expire(START + KEPT)

    assert results.get("tnt_a", kept_result(number=1).id, START) is None
    assert results.get("tnt_a", kept_result(number=2).id, START)


async def test_the_oldest_makes_room_for_one_too_many_and_other_accounts_keep_theirs(results: KeptResults) -> None:
    other = kept_result(account(2))
    await results.add(other)
    for number in range(MOST_KEPT + 2):
        await results.add(kept_result(number=number))

    kept = [results.get("tnt_a", kept_result(number=number).id, START) is not None for number in range(MOST_KEPT + 2)]

    assert kept == [False, False] + [True] * MOST_KEPT
    assert results.get("tnt_a", other.id, START)


async def test_all_of_an_account_have_a_size_together(results: KeptResults) -> None:
    size, most = LARGEST_KEPT - 1000, MOST_CHARACTERS // LARGEST_KEPT
    for number in range(most + 1):
        assert await results.add(of_size(number, size))

    kept = [results.get("tnt_a", kept_result(number=number).id, START) is not None for number in range(most + 1)]

    assert kept == [False] + [True] * most


async def test_one_that_is_too_large_is_not_kept(results: KeptResults) -> None:
    assert not await results.add(of_size(1, LARGEST_KEPT))


async def test_an_account_that_is_removed_or_stopped_has_none(vault: Vault, results: KeptResults) -> None:
    for number in (1, 2):
        await results.add(kept_result(account(number)))

    await Accounts(vault.database).remove(account(1).key)
    await Accounts(vault.database).block([account(2).key])

    assert [results.get("tnt_a", kept_result(account(number)).id, START) for number in (1, 2)] == [None, None]
    assert not await results.add(kept_result(account(1)))


async def test_a_result_that_comes_after_its_account_was_blocked_is_not_kept(
    vault: Vault, results: KeptResults
) -> None:
    """A call that was under way when all grants were ended comes to its end a little later."""
    await Accounts(vault.database).block([account().key])

    assert not await results.add(kept_result())
    assert await results.add(kept_result(account(2), number=2))
