"""Shredding an account: its data key goes, its rows go, and what the files still hold of them is looked for."""

import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, delete, select

from evergrant.model.account import AccountKey
from evergrant.store.tables import AuthorizationRow, DataKeyRow
from evergrant.store.upkeep import SIDE_FILES, empty_log
from evergrant.vault.accounts import Accounts
from evergrant.vault.seal import FORMAT, KEY_ID_LENGTH
from evergrant.vault.sealed_fields import SEALED_TABLES
from evergrant.vault.vault import Vault, spool_file

PIECE = 32
HEADER = len(FORMAT) + KEY_ID_LENGTH


@dataclass(frozen=True, slots=True)
class Shredded:
    """What came of it."""

    values: int
    """Sealed values and keys that were looked for afterwards."""
    spool_entries: int
    log_emptied: bool
    """False where a reader kept the write-ahead log from being cut."""
    residue: int
    """Pieces of those values that the vault's files still hold."""


async def shred(vault: Vault, key: AccountKey) -> Shredded:
    """Destroy the account's data key and its rows here; the provider is not asked. Raises StoreUnavailable.

    The caller holds the account's lock, so that no exchange under way writes it anew.
    """
    values = vault.database.read(lambda session: _values(session, key))
    entries = vault.spool.forget(key)
    await Accounts(vault.database).remove(key)
    await vault.database.write(lambda session: _forget_consents(session, key))
    emptied = empty_log(vault.file)
    return Shredded(len(values), entries, emptied, residue(vault, values))


def residue(vault: Vault, values: Iterable[bytes]) -> int:
    """How many pieces of these values the vault's files hold: the beginning and the end of each, behind its header."""
    pieces = [piece for value in values for piece in (value[HEADER : HEADER + PIECE], value[-PIECE:])]
    beside = (vault.file.with_name(vault.file.name + side) for side in SIDE_FILES)
    return sum(_found(file, pieces) for file in (vault.file, *beside, spool_file(vault.folder)))


def _found(file: Path, pieces: list[bytes]) -> int:
    if not file.exists() or not file.stat().st_size:
        return 0
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(content.find(piece) >= 0 for piece in pieces)


def _values(session: Session, key: AccountKey) -> list[bytes]:
    """The account's wrapped data key, and all that is sealed with it."""
    data_key = session.get(DataKeyRow, tuple(key))
    sealed = [data_key.wrapped] if data_key else []
    for table in SEALED_TABLES:
        if table.owner_id == "account_id":
            mine = {"tenant_id": key.tenant_id, "account_id": key.account_id}
            for row in session.exec(select(table.row).filter_by(**mine)).all():
                sealed += table.sealed(row).values()
    return sealed


def _forget_consents(session: Session, key: AccountKey) -> None:
    mine = (col(AuthorizationRow.tenant_id) == key.tenant_id, col(AuthorizationRow.account_id) == key.account_id)
    session.exec(delete(AuthorizationRow).where(*mine))
