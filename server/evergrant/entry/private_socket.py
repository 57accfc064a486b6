"""A unix socket that is its owner's alone: made, and taken away again. Says nothing of what is spoken there."""

import fcntl
import os
import socket
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class SocketUnavailable(Exception):
    """The socket cannot be had; the message says why and what to do."""


def bind(path: Path) -> socket.socket:
    """A listening socket at `path`; one that a dead server left is replaced. Raises SocketUnavailable."""
    _make_private(path.parent)
    with _alone(path.parent):
        if _answers(path):
            raise SocketUnavailable(f"A server listens at {path} already. Look at it with: evergrant status")
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.fspath(path))
        path.chmod(0o600)
        listener.listen()
        return listener


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SocketUnavailable(f"{folder} belongs to somebody else. Remove it, or set EVERGRANT_HOME to another path.")
    folder.chmod(0o700)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Two servers that start together must not both find the socket free."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def remove(path: Path, mine: int | None) -> None:
    """Take our own socket away, and not one that has replaced it."""
    if inode(path) == mine:
        path.unlink(missing_ok=True)


def inode(path: Path) -> int | None:
    """Which file lies at `path`; None where there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
