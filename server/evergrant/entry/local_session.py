"""A local session's bytes: over the connection itself, or over its client's own pipes, which the pump hands over.

With the pipes in the server's hands no byte takes a way round through another process.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any

import anyio
from mcp.server import Server

from evergrant.entry.mcp.stream import serve_stream

FIRST = 1 << 16
FAREWELL = b"\n"
"""Told to who handed pipes over, once their client has closed them; a server that goes away says nothing."""


async def serve_session(server: Server[Any], connection: socket.socket) -> None:
    """One session with who connected, until they or their client go away; `connection` stays open."""
    first, pipes = await _first(connection)
    if pipes:
        await _over_pipes(server, connection, pipes)
    elif first:
        reader, writer = await asyncio.open_unix_connection(sock=connection.dup())
        reader.feed_data(first)
        await serve_stream(server, reader, writer)


async def _first(connection: socket.socket) -> tuple[bytes, Sequence[int]]:
    """The first bytes and, where there came some with them, stdin and stdout of the client; none from who went away."""
    await anyio.wait_readable(connection)
    with suppress(ConnectionError):
        first, pipes, _, _ = socket.recv_fds(connection, FIRST, 2)
        for pipe in pipes:
            os.set_inheritable(pipe, False)
        return first, pipes
    return b"", ()


async def _over_pipes(server: Server[Any], connection: socket.socket, pipes: Sequence[int]) -> None:
    async with _joined(pipes) as streams, anyio.create_task_group() as tasks:

        async def watch() -> None:
            await anyio.wait_readable(connection)  # nothing is sent after the pipes: the pump has ended
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        await serve_stream(server, *streams)
        with suppress(OSError):
            connection.send(FAREWELL)
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def _joined(pipes: Sequence[int]) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Both, closed at the end of the block. Raises ValueError where they are no pipes and no sockets."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    with ExitStack() as files:
        stdin, stdout = [files.enter_context(os.fdopen(pipe, "rb", 0)) for pipe in pipes]
        reading, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
        files.callback(reading.close)
        writing, state = await loop.connect_write_pipe(_writing_end, stdout)
        files.callback(_end, writing)
        yield reader, asyncio.StreamWriter(writing, state, None, loop)


def _writing_end() -> asyncio.StreamReaderProtocol:
    """asyncio has no other public protocol that knows when a transport takes more."""
    return asyncio.StreamReaderProtocol(asyncio.StreamReader())


def _end(writing: asyncio.WriteTransport) -> None:
    """Give up what was not taken; one that has ended already can only be closed again."""
    if writing.get_write_buffer_size():
        writing.abort()
    else:
        writing.close()
