"""What a person wants to know of a vault: where it and its key lie, under which keys, and whether it is a copy."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from evergrant.store.tables import DataKeyRow, VaultRow
from evergrant.store.upkeep import SIDE_FILES, journal
from evergrant.vault.epoch import is_restored
from evergrant.vault.rotation import unfinished
from evergrant.vault.vault import Vault, spool_file


@dataclass(frozen=True, slots=True)
class VaultStanding:
    """How a vault stands."""

    id: str
    file: Path
    journal: str
    sqlite: str
    key: str
    """Where its key ring lies."""
    key_versions: tuple[int, ...]
    current: int
    """The version that new data keys are wrapped with."""
    data_keys: Mapping[int, int]
    """How many data keys are under which version."""
    epoch: int
    epoch_beside_key: int
    restored: bool
    rotation_unfinished: bool
    bytes: Mapping[str, int]
    """The sizes of its files by name, those that there are."""
    spool_waiting: int
    """Tokens that the database did not take and that wait to be put into it."""


async def standing(vault: Vault) -> VaultStanding:
    """How the vault stands now; raises StoreUnavailable, SealBroken where its key cannot be read again."""
    ring = await vault.ring.read_again()
    row, data_keys = vault.database.read(_seen)
    return VaultStanding(
        id=vault.id,
        file=vault.file,
        journal=journal(vault.file),
        sqlite=sqlite3.sqlite_version,
        key=vault.key.where,
        key_versions=tuple(sorted(ring.keys)),
        current=row.vault_key,
        data_keys=data_keys,
        epoch=row.epoch,
        epoch_beside_key=ring.epoch,
        restored=is_restored(vault.database, vault.ring),
        rotation_unfinished=unfinished(ring),
        bytes=_sizes(vault),
        spool_waiting=vault.spool.waiting(),
    )


def _seen(session: Session) -> tuple[VaultRow, dict[int, int]]:
    version = col(DataKeyRow.vault_key)
    counted = session.exec(select(version, func.count()).group_by(version).order_by(version)).all()
    return session.exec(select(VaultRow)).one(), dict(counted)


def _sizes(vault: Vault) -> dict[str, int]:
    beside = (vault.file.with_name(vault.file.name + side) for side in SIDE_FILES)
    files = (vault.file, *beside, spool_file(vault.folder))
    return {file.name: file.stat().st_size for file in files if file.exists()}
