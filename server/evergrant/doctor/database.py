"""The vault's database: what its SQLite can be trusted with, whether the file is whole, and whether it has room."""

import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from evergrant.doctor.finding import Finding, note, ok, problem, warning
from evergrant.store.database import Database, StoreUnavailable, journal_mode
from evergrant.store.tables import VaultRow

MIB = 1024 * 1024
HARDLY_ANY, LITTLE = 20 * MIB, 200 * MIB
LARGE = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Condition:
    """What the database says of itself."""

    journal: str
    faults: Sequence[str]
    """What `PRAGMA quick_check` complains of."""


def condition(database: Database) -> Condition:
    """Ask it; raises StoreUnavailable where it is too damaged to say."""

    def pragma(text: str) -> list[str]:
        rows = database.read(lambda session: session.connection().exec_driver_sql(f"PRAGMA {text}").all())
        return [str(row[0]) for row in rows]

    said = pragma("quick_check(5)")
    return Condition(pragma("journal_mode")[0], [] if said == ["ok"] else said)


def sqlite_version(version: tuple[int, int, int]) -> Finding:
    """Whether this SQLite has the fix of the WAL-reset bug (sqlite.org/wal.html#walresetbug)."""
    name = ".".join(map(str, version))
    if journal_mode(version) == "WAL":
        return ok("sqlite", f"SQLite {name} has the fix of the WAL-reset bug, so the vault uses a write-ahead log.")
    return note(
        "sqlite",
        f"SQLite {name} has the WAL-reset bug (3.7.0 to 3.51.2), so the vault has a rollback journal: safe but slow.",
        "For the fix, use a Python with SQLite 3.51.3 or newer. Which one a Python has: "
        "python3 -c 'import sqlite3; print(sqlite3.sqlite_version)'",
    )


def whole(path: Path, found: Condition, version: tuple[int, int, int]) -> Iterator[Finding]:
    """Whether the file is what it should be, and in the journal mode that this SQLite is safe with."""
    if found.faults:
        yield damaged(path, f"SQLite finds it damaged: {'; '.join(found.faults)}")
    else:
        yield ok("database", f"{path} is whole (quick_check).")
    if found.journal.upper() == "WAL" and journal_mode(version) != "WAL":
        yield warning(
            "sqlite",
            "The vault was last opened by a newer SQLite and has a write-ahead log, which this one cannot be trusted "
            "with.",
            "Stop every Evergrant of this vault; the next command then changes it: evergrant status",
        )


def restored(row: VaultRow, epoch: int | None) -> Iterator[Finding]:
    """Whether the database is older than its key says; `epoch` is the key's, None where there is none."""
    if row.restored or (epoch is not None and row.epoch < epoch):
        yield problem(
            "database",
            "It was restored from a backup, so its refresh tokens may be spent: grants that rotate are not renewed.",
            "If no other copy of this vault is in use: evergrant vault accept-restore. Else each person signs in: "
            "evergrant reauth ALIAS",
        )


def unusable(path: Path, error: StoreUnavailable) -> Finding:
    """Why the database cannot be read, by SQLite's own code (sqlite.org/rescode.html)."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        whose = f"See whose it is, and log in as that user: ls -ld {shlex.quote(str(path.parent))}"
        return problem("database", str(error), whose)
    origin = cause.orig if isinstance(cause, DatabaseError) else None
    code = origin.sqlite_errorname if isinstance(origin, sqlite3.Error) and hasattr(origin, "sqlite_errorname") else ""
    name = shlex.quote(str(path))
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return problem("database", str(error), f"Another program holds it. Which one: lsof {name}")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_READONLY", "SQLITE_AUTH")):
        return problem("database", str(error), f"See whose it is and whether its disk can be written: ls -l {name}")
    if code == "SQLITE_ERROR":
        text = f"{error} Another version of Evergrant wrote it, perhaps."
        return problem("database", text, "The next command brings it up to date, or says why not: evergrant status")
    return damaged(path, str(error))


def damaged(path: Path, why: str) -> Finding:
    """The database cannot be used as it is."""
    name = shlex.quote(str(path))
    return problem(
        "database",
        why,
        "Stop the server and put your backup in its place. Without one, save what can be read: "
        f"cp {name} {name}.damaged && sqlite3 {name}.damaged .recover | sqlite3 {name}.new && mv {name}.new {name}",
    )


def room(home: Path, free: int, size: int, *, writable: bool) -> Iterator[Finding]:
    """Bytes that are free where the vault lies, bytes of its database, and whether it can be written."""
    name = shlex.quote(str(home))
    if not writable:
        yield problem(
            "disk",
            f"{home} cannot be written, so no renewed token can be kept.",
            f"See whether the disk is mounted read-only, or whose the folder is: findmnt -T {name}; ls -ld {name}",
        )
    text = f"{free // MIB} MiB are free in {home}; the database has {-(-size // 1024)} KiB."
    if free < LITTLE:
        level = problem if free < HARDLY_ANY else warning
        yield level("disk", text, f"Make room, or tokens cannot be kept. What is large: du -xh {name} | sort -h | tail")
    elif size > LARGE:
        yield note("disk", text)
    else:
        yield ok("disk", text)


def spool(path: Path, waiting: int) -> Finding:
    """New tokens that could not be put into the database."""
    if not waiting:
        return ok("spool", "No token waits in the rescue spool.")
    return warning(
        "spool",
        f"{waiting} new tokens wait in the rescue spool {path}, because the database could not be written.",
        "Make room or make it writable again; the next renewal puts them in place: evergrant serve",
    )
