"""Shredding: what was sealed for an account is in none of the vault's files afterwards, and its neighbours stay."""

from pathlib import Path

import pytest
from sqlmodel import Session, select
from tests.fakes.clock import ManualClock
from tests.fakes.tenants import settled
from tests.vault.filled import fill, values_of
from tests.vault.samples import account, renewed

from evergrant.model.account import AccountKey
from evergrant.store.tables import AuthorizationRow, DataKeyRow
from evergrant.store.upkeep import journal
from evergrant.vault.grants import Grants
from evergrant.vault.shred import HEADER, PIECE, residue, shred
from evergrant.vault.vault import Vault, open_vault
from evergrant.vault.verify import check

pytestmark = pytest.mark.anyio
KEY = account().key


def held_in_files(vault: Vault, values: list[bytes]) -> int:
    """How many of the values stand whole in any file of the vault's folder."""
    content = [path.read_bytes() for path in vault.folder.rglob("*") if path.is_file()]
    return sum(any(value in one for one in content) for value in values)


def wrapped_key(session: Session, key: AccountKey) -> bytes:
    return session.get_one(DataKeyRow, tuple(key)).wrapped


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
async def test_a_shredded_account_leaves_nothing_behind_in_the_vaults_files(
    folder: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    def chosen(_version: tuple[int, int, int]) -> str:
        return mode

    monkeypatch.setattr("evergrant.store.database.journal_mode", chosen)
    vault = settled(open_vault(folder, "file", lambda: None, clock))
    assert journal(vault.file) == mode
    await fill(vault)
    every = await everything_that_was_sealed(vault)
    now = vault.database.read(lambda session: values_of(session, KEY))
    assert held_in_files(vault, now) == len(now)
    assert residue(vault, now) == 2 * len(now)

    shredded = await shred(vault, KEY)

    assert (shredded.residue, shredded.log_emptied, shredded.spool_entries) == (0, True, 1)
    assert shredded.values >= len(now) + 1
    assert held_in_files(vault, every) == 0
    assert held_in_files(vault, [value[HEADER : HEADER + PIECE] for value in every]) == 0
    assert Grants(vault.database, vault.data_keys).load(account().grant_key) is None
    vault.close()
    assert held_in_files(vault, every) == 0


async def everything_that_was_sealed(vault: Vault) -> list[bytes]:
    """Through three more generations and an entry of the spool: each sealed value there ever was of the account."""
    grants, found = Grants(vault.database, vault.data_keys), list[bytes]()
    for generation in (3, 4, 5):
        held = grants.load(account().grant_key)
        assert held is not None
        await grants.commit(held, renewed(generation))
        found += vault.database.read(lambda session: values_of(session, KEY))
    held = grants.load(account().grant_key)
    assert held is not None
    vault.spool.keep(held, renewed(6))
    entry = (vault.folder / "spool").read_bytes()[4 : 4 + 200]
    return [*set(found), vault.database.read(lambda session: wrapped_key(session, KEY)), entry]


async def test_the_neighbours_of_a_shredded_account_stay(vault: Vault) -> None:
    await fill(vault)
    before = sum(checked.ok for checked in check(vault) if checked.table == "data_key")

    await shred(vault, KEY)

    checked = list(check(vault))
    assert [fault for one in checked for fault in one.broken] == []
    # Its own, and those of the tenant's two kept answers, which might tell of it.
    assert sum(one.ok for one in checked if one.table == "data_key") == before - 3
    grants = Grants(vault.database, vault.data_keys)
    assert grants.load(account(tenant_id="tnt_b").grant_key)


async def test_consents_in_flight_for_a_shredded_account_go_with_it(vault: Vault) -> None:
    await fill(vault)

    def of_it(session: Session) -> int:
        mine = (AuthorizationRow.tenant_id == KEY.tenant_id, AuthorizationRow.account_id == KEY.account_id)
        return len(session.exec(select(AuthorizationRow).where(*mine)).all())

    assert vault.database.read(of_it) == 1
    await shred(vault, KEY)
    assert vault.database.read(of_it) == 0
