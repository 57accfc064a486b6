"""The unix socket at which local clients reach the server: each connection is one MCP session."""

import asyncio
import fcntl
import os
import socket
import stat
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteStream
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

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with Wall(log, "session"):
            await serve_stream(server, _Connection(reader, writer))

    listener = _bind(path)
    mine = _inode(path)
    try:
        async with anyio.create_task_group() as sessions:
            accepting = await asyncio.start_unix_server(
                lambda reader, writer: sessions.start_soon(session, reader, writer), sock=listener
            )
            yield
            accepting.close()
            sessions.cancel_scope.cancel()
    finally:
        listener.close()
        _remove(path, mine)


class _Connection(ByteStream):
    """asyncio's streams as anyio's; anyio's own unix streams can raise when they are cancelled as bytes arrive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self, max_bytes: int = 65536) -> bytes:
        try:
            data = await self._reader.read(max_bytes)
        except OSError:
            raise anyio.BrokenResourceError from None
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        try:
            self._writer.write(item)
            await self._writer.drain()
        except OSError:
            raise anyio.BrokenResourceError from None

    async def send_eof(self) -> None:
        self._writer.write_eof()

    async def aclose(self) -> None:
        self._writer.close()


def _bind(path: Path) -> socket.socket:
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


def _remove(path: Path, inode: int | None) -> None:
    """Take our own socket away, and not one that has replaced it."""
    if _inode(path) == inode:
        path.unlink(missing_ok=True)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
