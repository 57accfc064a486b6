"""The unix socket at which local clients reach the server: each connection is one MCP session."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteStream
from mcp.server import Server
from structlog.typing import FilteringBoundLogger

from evergrant.entry.mcp.stream import serve_stream
from evergrant.entry.mcp.wall import Wall
from evergrant.entry.private_socket import bind, inode, remove


@asynccontextmanager
async def listening(path: Path, server: Server[Any], log: FilteringBoundLogger) -> AsyncGenerator[None]:
    """`server` at the socket `path`, until the end of the block; sessions end with it.

    The socket is for its owner alone. One that a dead server left is replaced. Raises SocketUnavailable.
    """

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with Wall(log, "session"):
            await serve_stream(server, _Connection(reader, writer))

    listener = bind(path)
    mine = inode(path)
    try:
        async with anyio.create_task_group() as sessions:
            # A coroutine, so that it runs in a task: where sniffio is installed, anyio knows no loop outside of one.
            async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                sessions.start_soon(session, reader, writer)

            accepting = await asyncio.start_unix_server(accept, sock=listener)
            yield
            accepting.close()
            sessions.cancel_scope.cancel()
    finally:
        listener.close()
        remove(path, mine)


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
