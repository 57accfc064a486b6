"""Opening everything that is sealed, in memory and batch by batch, to say what does not open before it is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import inspect, literal, tuple_
from sqlmodel import Session, SQLModel, col, select

from evergrant.store.tables import AccountRow, DataKeyRow
from evergrant.vault.data_keys import DataKeys, FieldSealer
from evergrant.vault.seal import SealBroken
from evergrant.vault.sealed_fields import SEALED_TABLES, SealedTable
from evergrant.vault.vault import Vault

BATCH = 500
KEYS = SealedTable(DataKeyRow, "owner_id", "connector", {"wrapped": ()})
"""The data keys themselves, which the vault's key wraps."""


class Broken(NamedTuple):
    """A value that does not open."""

    table: str
    row: tuple[str, ...]
    """Its primary key."""
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of the rows of one batch."""

    table: str
    rows: int
    ok: int
    """Sealed values that open."""
    broken: list[Broken]


def check(vault: Vault, batch: int = BATCH) -> Iterator[Checked]:
    """Open every sealed value of the vault; one report for each batch of rows. Raises StoreUnavailable."""
    for table in (KEYS, *SEALED_TABLES):
        after: tuple[str, ...] = ()
        while (found := _batch(vault, table, after, batch))[0].rows:
            checked, after = found
            yield checked
    yield _spool(vault)


def _batch(vault: Vault, table: SealedTable, after: tuple[str, ...], batch: int) -> tuple[Checked, tuple[str, ...]]:
    """The rows behind the key `after`, and the key of the last of them."""

    def work(session: Session) -> tuple[Checked, tuple[str, ...]]:
        rows = _rows(session, table, after, batch)
        at_hand = _at_hand(session, table, rows)  # the session forgets what nobody holds
        found = [_opened(session, vault.data_keys, table, row) for row in rows]
        broken = [fault for faults, _ in found for fault in faults]
        checked = Checked(table.name, len(rows), sum(ok for _, ok in found), broken)
        del at_hand
        return checked, _key(table, rows[-1]) if rows else after

    return vault.database.read(work)


def _at_hand(session: Session, table: SealedTable, rows: list[SQLModel]) -> list[SQLModel]:
    """The owners' accounts and data keys, read at once: what is held need not be looked up row by row."""
    owners = [table.owner_key(row) for row in rows]
    tenants, ids = {tenant_id for tenant_id, _ in owners}, {owner_id for _, owner_id in owners}
    accounts = select(AccountRow).where(col(AccountRow.tenant_id).in_(tenants), col(AccountRow.id).in_(ids))
    keys = select(DataKeyRow).where(col(DataKeyRow.tenant_id).in_(tenants), col(DataKeyRow.owner_id).in_(ids))
    return [*session.exec(accounts).all(), *session.exec(keys).all()]


def _rows(session: Session, table: SealedTable, after: tuple[str, ...], batch: int) -> list[SQLModel]:
    key = list(inspect(table.row).primary_key)
    query = select(table.row).order_by(*key).limit(batch)
    if after:
        query = query.where(tuple_(*key) > tuple_(*(literal(part) for part in after)))
    return list(session.exec(query).all())


def _opened(session: Session, keys: DataKeys, table: SealedTable, row: SQLModel) -> tuple[list[Broken], int]:
    """What of the row does not open, and how many values do."""
    faults, sealed = list[Broken](), table.sealed(row)
    try:
        fields = _fields(session, keys, table, row) if sealed else None
    except SealBroken as broken:
        return [Broken(table.name, _key(table, row), column, str(broken)) for column in sealed], 0
    for column, value in sealed.items():
        try:
            if fields and table is not KEYS:
                fields.open(value, *table.place(row, column))
        except SealBroken as broken:
            faults.append(Broken(table.name, _key(table, row), column, str(broken)))
    return faults, len(sealed) - len(faults)


def _fields(session: Session, keys: DataKeys, table: SealedTable, row: SQLModel) -> FieldSealer:
    owner = table.owner(session, row)
    if owner is None:
        raise SealBroken("Its account is gone.")
    return keys.of(session, owner)


def _spool(vault: Vault) -> Checked:
    spool = vault.spool
    why = "An entry of the rescue spool does not open."
    broken = [Broken("spool", (str(slot),), "entry", why) for slot in spool.broken()]
    waiting = spool.waiting()
    return Checked("spool", waiting, waiting - len(broken), broken)


def _key(table: SealedTable, row: SQLModel) -> tuple[str, ...]:
    return tuple(str(getattr(row, column)) for column in table.key)
