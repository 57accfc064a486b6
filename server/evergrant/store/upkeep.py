"""The database file as a whole: its checks, its log, and copies of it that can be trusted."""

import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from evergrant.store.database import BUSY_TIMEOUT_MS, StoreUnavailable

PAGES = 512
"""Pages to a step of a copy: 2 MiB."""
PAUSE_S = 0.005
"""Between two steps, so that writers who wait get their turn."""
MOST_RESTARTS = 3
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
SIDE_FILES = ("-wal", "-shm", "-journal")

Step = Callable[[int, int], None]
"""Is told how many pages are left, and of how many."""


class _TooManyRestarts(Exception):
    pass


def faults(path: Path) -> list[str]:
    """What SQLite finds wrong with the file (PRAGMA integrity_check); empty where it is sound.

    Raises StoreUnavailable where it cannot be looked at.
    """
    with _opened(path) as connection:
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in DAMAGED:
                raise
            found = [str(error)]
    return [] if found == ["ok"] else found


def journal(path: Path) -> str:
    """The journal mode in force, in capitals."""
    with _opened(path) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0]).upper()


def empty_log(path: Path) -> bool:
    """Put all that the write-ahead log holds into the database and cut the log to nothing.

    False where a reader that does not end kept it from that.
    """
    with _opened(path) as connection:
        busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def copy(source: Path, target: Path, step: Step) -> None:
    """Copy a database that is in use into an existing empty file: one state of it, and in one file.

    Raises StoreUnavailable.
    """
    with _opened(source, "ro") as live, _opened(target) as made:
        _hold_still(live)
        _copy(live, made, step)
        made.execute("PRAGMA journal_mode=DELETE")
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hold_still(live: sqlite3.Connection) -> None:
    """With a write-ahead log, a reader sees one state while writers go on; without one, it would hold them up."""
    if live.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _copy(live: sqlite3.Connection, made: sqlite3.Connection, step: Step) -> None:
    """In steps. Each write of another process makes SQLite begin again: after a few times it is done in one step."""
    try:
        live.backup(made, pages=PAGES, progress=_told(step))
    except _TooManyRestarts:
        live.backup(made)


def _told(step: Step) -> Callable[[int, int, int], None]:
    restarts, before = 0, -1

    def progress(_status: int, left: int, of: int) -> None:
        nonlocal restarts, before
        restarts += before != -1 and left >= before
        before = left
        if restarts > MOST_RESTARTS:
            raise _TooManyRestarts
        step(left, of)
        if left:
            threading.Event().wait(PAUSE_S)

    return progress


@contextmanager
def _opened(path: Path, mode: str = "rw") -> Generator[sqlite3.Connection, None, None]:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)) as made:
            yield made
    except sqlite3.Error as error:
        raise StoreUnavailable(f"The database {path} cannot be used: {error}") from None
