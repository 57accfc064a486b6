"""Whether what lies in the vault's folder is its owner's, and nobody else's."""

import os
import shlex
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from evergrant.doctor.finding import Finding, ok, problem, warning
from evergrant.paths import socket_path

CHECK = "file modes"
VITAL = ("vault.db", "vault.db-wal", "vault.db-shm", "vault.db-journal", "vault.key", "keyring.sealed", "spool")
"""What may be read by nobody else, even where the folder around it is closed."""
OURS = ("run", "locks", "serve.log")
OTHERS = stat.S_IRWXG | stat.S_IRWXO

Lstat = Callable[[Path], os.stat_result]


def places(home: Path) -> list[Path]:
    """The folder, what lies in it, and the socket, as far as they can be seen."""
    socket = socket_path(home)
    lying = [home, *(home / name for name in (*VITAL, *OURS)), *_listed(home / "run"), socket.parent, socket]
    return [path for path in dict.fromkeys(lying) if os.path.lexists(path)]


def modes(home: Path, found: Sequence[Path], lstat: Lstat, uid: int) -> Iterator[Finding]:
    """A finding for each path that others own or can touch; one for all where there is none."""
    faults = [fault for path in found for fault in _faults(home, path, lstat(path), uid)]
    yield from faults
    if not faults:
        yield ok(CHECK, f"{home} and the {len(found) - 1} files and folders in it are yours alone.")


def locks(folder: Path, lstat: Lstat, uid: int) -> Iterator[Finding]:
    """The lock files, of which there may be thousands: one finding for all."""
    bad = [path for path in _listed(folder) if any(_faults(folder, path, lstat(path), uid))]
    if bad:
        place = shlex.quote(str(folder))
        yield warning(
            CHECK,
            f"{len(bad)} lock files in {folder} belong to another user or can be touched by others.",
            f"sudo chown -R {uid} {place} && chmod -R u=rwX,go= {place}",
        )


def _listed(folder: Path) -> list[Path]:
    """What lies there; nothing where that cannot be seen, for which the folder's own mode is the reason."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _faults(home: Path, path: Path, info: os.stat_result, uid: int) -> Iterator[Finding]:
    vital = path in (home, socket_path(home)) or path.name in VITAL
    level, name = (problem if vital else warning), shlex.quote(str(path))
    if info.st_uid != uid:
        yield level(CHECK, f"{path} belongs to user {info.st_uid}, and you are {uid}.", f"sudo chown {uid} {name}")
    mode, wanted = stat.S_IMODE(info.st_mode), 0o700 if stat.S_ISDIR(info.st_mode) else 0o600
    if mode & (OTHERS | wanted) != wanted and not stat.S_ISLNK(info.st_mode):
        who = "others can touch it" if mode & OTHERS else "you cannot use it"
        yield level(CHECK, f"{path} has mode {mode:04o}: {who}.", f"chmod {wanted:o} {name}")
