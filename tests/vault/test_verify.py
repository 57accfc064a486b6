"""`verify` opens everything, and names what does not open."""

import pytest
from sqlmodel import Session
from tests.vault.filled import Value, fill, values
from tests.vault.samples import account, renewed

from evergrant.store.tables import AccountRow, DataKeyRow
from evergrant.store.upkeep import faults
from evergrant.vault.grants import Grants
from evergrant.vault.sealed_fields import SEALED_TABLES
from evergrant.vault.standing import standing
from evergrant.vault.vault import Vault
from evergrant.vault.verify import Broken, check

pytestmark = pytest.mark.anyio


@pytest.fixture
async def filled(vault: Vault) -> Vault:
    await fill(vault)
    return vault


def broken(vault: Vault, batch: int = 3) -> list[Broken]:
    return [fault for checked in check(vault, batch) for fault in checked.broken]


async def test_a_sound_vault_has_every_value_counted_whatever_the_batch(filled: Vault) -> None:
    sealed = filled.database.read(lambda session: len(list(values(session))))
    for batch in (1, 3, 1000):
        checked = list(check(filled, batch))
        assert sum(one.ok for one in checked if one.table != "data_key") == sealed
        assert sum(one.ok for one in checked if one.table == "data_key") == 16
        assert [fault for one in checked for fault in one.broken] == []
        assert max(one.rows for one in checked) <= batch
    assert faults(filled.file) == []


@pytest.mark.parametrize("table", SEALED_TABLES, ids=lambda table: table.name)
async def test_each_value_that_is_broken_is_named_by_row_and_field(filled: Vault, table: object) -> None:
    def spoil(session: Session) -> set[tuple[str, ...]]:
        mine = [value for value in values(session) if value.table is table]
        for value in mine[::2]:
            _spoil(session, value)
        return {value.where for value in mine[::2]}

    spoiled = await filled.database.write(spoil)
    assert {(fault.table, *fault.row, fault.field) for fault in broken(filled)} == spoiled


def _spoil(session: Session, value: Value) -> None:
    setattr(value.row, value.column, value.sealed[:-1] + bytes([value.sealed[-1] ^ 1]))
    session.add(value.row)


async def test_a_data_key_that_is_gone_or_broken_is_told_with_all_that_it_sealed(filled: Vault) -> None:
    def spoil(session: Session) -> None:
        session.delete(session.get_one(DataKeyRow, ("tnt_a", "conn_1")))
        row = session.get_one(DataKeyRow, ("tnt_b", "conn_2"))
        row.wrapped = row.wrapped[::-1]

    await filled.database.write(spoil)
    found = broken(filled)
    assert {fault.row[:2] for fault in found if fault.table == "data_key"} == {("tnt_b", "conn_2")}
    assert {fault.row[:2] for fault in found if fault.table == "stored_grant"} == {
        ("tnt_a", "conn_1"),
        ("tnt_b", "conn_2"),
    }


async def test_a_grant_whose_account_is_gone_is_told(filled: Vault) -> None:
    await filled.database.write(lambda session: session.delete(session.get_one(AccountRow, ("tnt_a", "conn_1"))))
    found = [fault for fault in broken(filled) if fault.table not in {"audit", "held_call", "kept_result"}]
    assert {(fault.row[0], fault.row[1], fault.why) for fault in found} == {("tnt_a", "conn_1", "Its account is gone.")}


async def test_a_broken_entry_of_the_spool_is_told_and_holds_up_none_of_the_others(filled: Vault) -> None:
    held = Grants(filled.database, filled.data_keys).load(account().grant_key)
    assert held is not None
    spool = filled.spool
    for _ in range(2):
        spool.keep(held, renewed(3))
    with (filled.folder / "spool").open("r+b") as file:
        file.seek(60)
        file.write(b"?")
    assert [fault.row for fault in broken(filled)] == [("0",)]
    assert [kept.slot for kept in spool.entries()] == [1]
    assert (await standing(filled)).spool_waiting == 2


async def test_a_file_that_is_damaged_is_told(filled: Vault) -> None:
    filled.close()
    content = bytearray(filled.file.read_bytes())
    content[8192 : 8192 + 512] = bytes(512)
    filled.file.write_bytes(content)
    assert faults(filled.file)


async def test_the_standing_counts_data_keys_by_version(filled: Vault) -> None:
    found = await standing(filled)
    assert (found.id, found.key_versions, found.data_keys) == (filled.id, (1,), {1: 16})
    assert (found.epoch, found.epoch_beside_key, found.restored, found.rotation_unfinished) == (0, 0, False, False)
    assert found.bytes["vault.db"] == filled.file.stat().st_size
