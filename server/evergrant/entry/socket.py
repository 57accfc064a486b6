"""The unix socket at which local clients reach the server: each connection is one MCP session."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Never, cast

import anyio
from mcp.server import Server
from structlog.typing import FilteringBoundLogger

from evergrant.entry.local_session import serve_session
from evergrant.entry.mcp.wall import Wall
from evergrant.entry.private_socket import bind, inode, remove


@asynccontextmanager
async def listening(path: Path, server: Server[Any], log: FilteringBoundLogger) -> AsyncGenerator[None]:
    """`server` at the socket `path`, until the end of the block; sessions end with it.

    The socket is for its owner alone. One that a dead server left is replaced. Raises SocketUnavailable.
    """

    async def session(connection: socket.socket) -> None:
        with connection, Wall(log, "session"):
            await serve_session(server, connection)

    async def open_sessions() -> Never:
        # In a task, and not where a connection is made: where sniffio is installed, anyio knows no loop outside of one.
        while True:
            sessions.start_soon(session, await taken.get())

    taken = asyncio.Queue[socket.socket]()
    listener = bind(path)
    mine = inode(path)
    try:
        async with anyio.create_task_group() as sessions:
            accepting = await asyncio.get_running_loop().create_unix_server(lambda: _Taken(taken), sock=listener)
            sessions.start_soon(open_sessions)
            yield
            accepting.close()
            sessions.cancel_scope.cancel()
    finally:
        listener.close()
        remove(path, mine)


class _Taken(asyncio.Protocol):
    """A connection out of asyncio's hands before it reads: what it reads loses the descriptors that come with bytes."""

    def __init__(self, taken: asyncio.Queue[socket.socket]) -> None:
        self._taken = taken

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connection: socket.socket = transport.get_extra_info("socket").dup()
        connection.setblocking(False)
        self._taken.put_nowait(connection)
        cast("asyncio.Transport", transport).abort()
