"""Connections that tell whether their server has hung up."""

import asyncio

import anyio
import pytest

from evergrant.dial.sockets import Sockets

pytestmark = pytest.mark.anyio
READABLE = "is_readable"


async def test_an_idle_connection_tells_when_its_server_hangs_up_and_when_it_is_closed() -> None:
    hang_up, gone = asyncio.Event(), asyncio.Event()

    async def served(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hang_up.wait()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(served, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        left, closed = [await Sockets().connect_tcp("127.0.0.1", port) for _ in range(2)]
        assert not left.get_extra_info(READABLE)
        await closed.aclose()
        assert closed.get_extra_info(READABLE)
        hang_up.set()
        with anyio.fail_after(5):
            await gone.wait()
            while not left.get_extra_info(READABLE):
                await anyio.lowlevel.checkpoint()
        await left.aclose()
