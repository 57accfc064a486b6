"""Putting a backup in the place of the vault's database: whole or not at all, and nothing that was there is deleted."""

import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, select

from evergrant.store.database import StoreUnavailable
from evergrant.store.tables import AccountRow, VaultRow
from evergrant.store.upkeep import SIDE_FILES, copy, empty_log, faults
from evergrant.vault.epoch import mark_restored
from evergrant.vault.ring import KeyRing
from evergrant.vault.sources.private_file import sync_folder
from evergrant.vault.vault import database_file, make_folders, presence_lock, prove, up_to_date

RingOf = Callable[[str], KeyRing]
"""The key ring of the vault of that id; raises KeyUnavailable."""


class CannotRestore(Exception):
    """The file cannot take the database's place; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place, and where the former database is now."""

    vault_id: str
    accounts: int
    former: Path | None


def restore(folder: Path, file: Path, ring_of: RingOf, now: datetime) -> Restored:
    """Put the backup `file` in the place of the database of the vault in `folder`, marked as restored.

    What lies in `file` stays as it is. Raises CannotRestore, KeyUnavailable, StoreUnavailable.
    """
    make_folders(folder)
    place = database_file(folder)
    with _nobody_else(folder), _staged(folder, file, place) as staged:
        row, accounts = _marked(staged, _vault_id(place), ring_of)
        former = _keep_former(place, now)
        staged.replace(place)
        sync_folder(folder)
    return Restored(row.id, accounts, former)


@contextmanager
def _nobody_else(folder: Path) -> Generator[None, None, None]:
    lock = presence_lock(folder)
    if not lock.try_acquire():
        raise CannotRestore(
            "The vault is in use by another process. End the server and the clients that it serves, then try again."
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _staged(folder: Path, file: Path, place: Path) -> Generator[Path, None, None]:
    """A copy of `file` beside the place that it is to take; gone at the end where it did not take it."""
    if not file.is_file():
        raise CannotRestore(f"There is no file {file}.")
    if place.exists() and file.samefile(place):
        raise CannotRestore(f"{file} is the vault's database itself.")
    staged = folder / ".vault.db.restoring"
    _remove(staged)
    os.close(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        _copy_sound(file, staged)
        yield staged
    finally:
        _remove(staged)


def _copy_sound(file: Path, staged: Path) -> None:
    try:
        copy(file, staged, lambda _left, _of: None)
        found = faults(staged)
    except StoreUnavailable as error:
        raise CannotRestore(f"{file} cannot be read as a database. {error}") from None
    if found:
        raise CannotRestore(f"{file} is damaged: {found[0]}. Take another backup.")


def _marked(staged: Path, vault_id: str | None, ring_of: RingOf) -> tuple[VaultRow, int]:
    """The copy's own row, after it was proved to be this vault's and marked, and how many accounts it holds."""
    if _vault_id(staged) is None:
        raise CannotRestore("The file is a database, but not that of a vault.")
    try:
        database = up_to_date(staged)
    except StoreUnavailable as error:
        raise CannotRestore(f"The backup is of a newer Evergrant, or damaged. {error}") from None
    try:
        row = database.read(lambda session: session.exec(select(VaultRow)).one())
        if vault_id not in (None, row.id):
            raise CannotRestore(f"The file is of the vault {row.id}; the one here is {vault_id}.")
        prove(ring_of(row.id), row)
        database.write_now(mark_restored)
        accounts = database.read(_accounts)
    finally:
        database.close()
    _in_one_file(staged)
    return row, accounts


def _accounts(session: Session) -> int:
    return session.exec(select(func.count()).select_from(AccountRow)).one()


def _in_one_file(staged: Path) -> None:
    """What is renamed must be all there is of it; the journal mode is chosen anew when the vault is opened."""
    with closing(sqlite3.connect(staged)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with staged.open("rb") as written:
        os.fsync(written.fileno())


def _vault_id(path: Path) -> str | None:
    """The vault of a database; None where there is no such file, or nothing of a vault in it."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT id FROM vault").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def _keep_former(place: Path, now: datetime) -> Path | None:
    """Give the former database a second name; its own then goes to the backup in one step. None where there is none.

    Its journal must not stay under the old name, where SQLite would roll it into the backup.
    """
    former = place.with_name(f"{place.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    with suppress(StoreUnavailable):  # a damaged one is kept as it is, with its journal
        empty_log(place)
    try:
        for beside, name in ((place.with_name(place.name + side), former.name + side) for side in SIDE_FILES):
            if beside.exists():
                beside.rename(former.with_name(name))
        if place.exists():
            former.hardlink_to(place)
            return former
    except OSError as error:
        raise CannotRestore(f"The former database cannot be kept as {former}: {error.strerror}.") from None
    return None


def _remove(staged: Path) -> None:
    for side in ("", *SIDE_FILES):
        staged.with_name(staged.name + side).unlink(missing_ok=True)
