"""The unix socket at which local clients reach the server: each connection is one MCP session."""

import fcntl
import os
import socket
import stat
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import SocketListener, SocketStream
from mcp.server import Server
from structlog.typing import FilteringBoundLogger

from evergrant.entry.mcp.stream import serve_stream
from evergrant.entry.mcp.wall import Wall


class SocketUnavailable(Exception):
    """The socket cannot be had; the message says why and what to do."""


@asynccontextmanager
async def listening(path: Path, server: Server[Any], log: FilteringBoundLogger) -> AsyncGenerator[None]:
    """`server` at the socket `path`, until the end of the block; sessions end with it.

    The socket is for its owner alone. One that a dead server left is replaced. Raises SocketUnavailable.
    """

    async def session(stream: SocketStream) -> None:
        with Wall(log, "session"):
            await serve_stream(server, stream)

    async with await _bind(path) as listener:
        mine = _inode(path)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, session)
                yield
                tasks.cancel_scope.cancel()
        finally:
            _remove(path, mine)


async def _bind(path: Path) -> SocketListener:
    _make_private(path.parent)
    with _alone(path.parent):
        if _answers(path):
            raise SocketUnavailable(f"A server listens at {path} already. Look at it with: evergrant status")
        return await anyio.create_unix_listener(path, mode=0o600)


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


def _remove(path: Path, inode: int | None) -> None:
    """Take our own socket away, and not one that has replaced it."""
    if _inode(path) == inode:
        path.unlink(missing_ok=True)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
