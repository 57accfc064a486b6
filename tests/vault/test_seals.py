"""Real rows of a real vault: nothing that was changed or moved opens, whatever it was and wherever it was put."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from sqlmodel import Session, SQLModel, col, select, update
from tests.vault.filled import Value, binary_columns, connection, fill, values
from tests.vault.samples import account, renewed

from evergrant.store.tables import AccountRow, ConnectionRow, DataKeyRow, GrantRow, VaultRow
from evergrant.vault.connections import Connections
from evergrant.vault.data_keys import DataKeys, Owner
from evergrant.vault.grants import Grants
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.seal import SealBroken
from evergrant.vault.sealed_fields import SEALED_TABLES
from evergrant.vault.vault import Vault, prove

pytestmark = pytest.mark.anyio
KEY = account().grant_key
T = TypeVar("T")


@pytest.fixture
async def filled(vault: Vault) -> Vault:
    await fill(vault)
    return vault


def trying(vault: Vault, work: Callable[[Session], T]) -> T:
    """What `work` finds; whatever it changes is forgotten."""

    def tried(session: Session) -> T:
        with session.no_autoflush:
            found = work(session)
        session.rollback()
        return found

    return vault.database.read(tried)


def refused(call: Callable[..., object], *arguments: object) -> bool:
    try:
        call(*arguments)
    except (SealBroken, KeyUnavailable):
        return True
    return False


def open_value(vault: Vault, session: Session, value: Value, sealed: bytes) -> object:
    owner = value.table.owner(session, value.row)
    assert owner is not None
    return vault.data_keys.of(session, owner).open(sealed, *value.table.place(value.row, value.column))


def flips(data: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def test_no_column_of_bytes_is_forgotten_here() -> None:
    sealed = {(table.name, column) for table in SEALED_TABLES for column in table.places}
    otherwise = {("vault", "proof"), ("data_key", "wrapped"), ("data_key", "key_id")}
    assert sealed | otherwise == binary_columns()


async def test_every_sealed_column_has_values_that_open(filled: Vault) -> None:
    def work(session: Session) -> set[tuple[str, str]]:
        found = list(values(session))
        assert all(open_value(filled, session, value, value.sealed) for value in found)
        return {(value.table.name, value.column) for value in found}

    assert trying(filled, work) == {(table.name, column) for table in SEALED_TABLES for column in table.places}


async def test_every_bit_that_is_flipped_in_a_sealed_value_is_refused(filled: Vault) -> None:
    def work(session: Session) -> list[bool]:
        one_of_each = {(value.table.name, value.column): value for value in values(session)}
        return [
            refused(open_value, filled, session, value, flipped)
            for value in one_of_each.values()
            for flipped in flips(value.sealed)
        ]

    found = trying(filled, work)
    assert len(found) > 3000
    assert all(found)


@pytest.mark.parametrize("column", ["wrapped", "key_id"])
async def test_every_bit_that_is_flipped_in_a_data_key_is_refused(filled: Vault, column: str) -> None:
    def work(session: Session) -> list[bool]:
        row = session.exec(select(DataKeyRow)).first()
        assert row is not None
        owner, before, found = Owner(row.tenant_id, row.owner_id, row.connector), getattr(row, column), list[bool]()
        assert not refused(filled.data_keys.opened, row, owner)
        for flipped in flips(before):
            setattr(row, column, flipped)
            found.append(refused(filled.data_keys.opened, row, owner))
        return found

    assert all(trying(filled, work))


def test_every_bit_that_is_flipped_in_the_vaults_proof_is_refused(vault: Vault) -> None:
    row = vault.database.read(lambda session: session.exec(select(VaultRow)).one())
    ring = vault.ring.ring
    prove(ring, row)
    for proof in flips(row.proof):
        assert refused(prove, ring, row.model_copy(update={"proof": proof}))


async def test_a_sealed_value_opens_in_no_other_field_row_tenant_credential_generation_or_connector(
    filled: Vault,
) -> None:
    def work(session: Session) -> list[bool]:
        found = list(values(session))
        return [
            refused(open_value, filled, session, here, other.sealed)
            for here in found
            for other in found
            if here.where != other.where
        ]

    swaps = trying(filled, work)
    assert len(swaps) > 1000
    assert all(swaps)


async def test_a_data_key_opens_in_no_other_row_whether_or_not_the_values_move_with_it(filled: Vault) -> None:
    def work(session: Session) -> list[bool]:
        rows = session.exec(select(DataKeyRow)).all()
        return [
            refused(filled.data_keys.opened, _moved(other), _owner(here))
            for here in rows
            for other in rows
            if here is not other
        ]

    swaps = trying(filled, work)
    assert len(swaps) == 16 * 15
    assert all(swaps)


def _moved(row: DataKeyRow) -> DataKeyRow:
    return row.model_copy()


def _owner(row: DataKeyRow) -> Owner:
    return Owner(row.tenant_id, row.owner_id, row.connector)


async def test_another_vaults_rows_do_not_open_even_with_its_key(filled: Vault) -> None:
    other = DataKeys(filled.ring, "vault_other")

    def work(session: Session) -> list[bool]:
        rows = session.exec(select(DataKeyRow)).all()
        return [refused(other.opened, row, _owner(row)) for row in rows]

    assert all(trying(filled, work))


async def set_in(vault: Vault, table: type[SQLModel], **values: object) -> None:
    await vault.database.write(lambda session: session.exec(update(table).values(**values)))


@pytest.mark.parametrize(
    ("table", "change"),
    [(AccountRow, {"connector": "slack"}), (GrantRow, {"generation": 3}), (GrantRow, {"generation": 1})],
)
async def test_a_row_whose_connector_or_generation_was_changed_is_refused(
    filled: Vault, grants: Grants, table: type[SQLModel], change: dict[str, object]
) -> None:
    assert grants.load(KEY)
    await set_in(filled, table, **change)
    with pytest.raises(SealBroken):
        grants.load(KEY)


async def test_a_connection_whose_connector_was_changed_is_refused(filled: Vault, connections: Connections) -> None:
    named = update(ConnectionRow).where(col(ConnectionRow.connector) == "hubspot").values(connector="slack")
    await filled.database.write(lambda session: session.exec(named))
    with pytest.raises(SealBroken):
        connections.find("tnt_a", "slack")


async def test_an_earlier_generations_token_put_back_is_refused(filled: Vault, grants: Grants) -> None:
    held = grants.load(KEY)
    assert held is not None
    earlier = filled.database.read(lambda session: session.get_one(GrantRow, tuple(KEY)))
    await grants.commit(held, renewed(3))
    mine = update(GrantRow).where(col(GrantRow.account_id) == KEY.account_id)
    await filled.database.write(lambda session: session.exec(mine.values(refresh_token=earlier.refresh_token)))
    with pytest.raises(SealBroken):
        grants.load(KEY)


async def test_an_account_has_one_data_key_and_a_removed_one_none(filled: Vault) -> None:
    def counted(session: Session) -> int:
        return len(session.exec(select(DataKeyRow)).all())

    assert filled.database.read(counted) == 16
    again = replace(account(), connector="sandbox")
    await Grants(filled.database, filled.data_keys).connect(again, renewed(9).grant)
    assert filled.database.read(counted) == 16


async def test_a_connection_that_is_removed_takes_its_key_and_its_consents_along(
    vault: Vault, connections: Connections
) -> None:
    await connections.put(connection("tnt_a", "hubspot", 1))
    assert await connections.remove("tnt_a", "hubspot")
    assert vault.database.read(lambda session: session.exec(select(DataKeyRow)).all()) == []
