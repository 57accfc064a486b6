"""A client that cancels stops its read; a refresh and a write that are under way come to their end."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from tests.entry.wires import reach
from tests.fakes.practice import Practice, practice
from typing_extensions import override

from evergrant.entry.mcp.parts import Parts

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0
WAYS = [("http", "legacy"), ("http", "2026-07-28"), ("pump", "legacy"), ("pump", "2026-07-28")]


class Held(httpx2.AsyncBaseTransport):
    """A network whose next answer to a path waits, while its request has long been carried out."""

    def __init__(self) -> None:
        self._wire = httpx2.AsyncHTTPTransport()
        self.path: str | None = None
        self.arrived, self.let_go, self.given_up = anyio.Event(), anyio.Event(), anyio.Event()

    def hold(self, path: str) -> None:
        self.path = path
        self.arrived, self.let_go, self.given_up = anyio.Event(), anyio.Event(), anyio.Event()

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != self.path:
            return await self._wire.handle_async_request(request)
        self.path = None
        response = await self._wire.handle_async_request(request)
        self.arrived.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        return response

    @override
    async def aclose(self) -> None:
        await self._wire.aclose()


@pytest.fixture
def network() -> Held:
    return Held()


@pytest.fixture
async def world(tmp_path: Path, network: Held) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "home", transport=network) as made:
        yield made


async def cancelled_at(client: Client, network: Held, path: str, tool: str, given: dict[str, object]) -> None:
    """Call a tool and cancel it when its request to that path has been carried out and not been answered yet."""
    network.hold(path)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, tool, given)
        await network.arrived.wait()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_a_cancelled_read_stops_and_neither_a_refresh_nor_a_write_does(
    parts: Parts, world: Practice, network: Held, tmp_path: Path, way: tuple[str, str]
) -> None:
    await world.connect()
    async with asyncio.timeout(PATIENCE_S), reach(parts, tmp_path, way) as client:
        await cancelled_at(client, network, "/crm/rows", "sandbox_list_rows", {})
        await network.given_up.wait()

        await cancelled_at(client, network, "/crm/rows", "sandbox_append_row", {"row": ["once"]})
        await client.call_tool("list_accounts", {})  # by its answer the server has heard of the one before
        network.let_go.set()
        await world.app.executor.drain()
        assert not network.given_up.is_set()
        assert world.sandbox.book("anna").rows == [["once"]]

        world.clock.advance(1801)
        await cancelled_at(client, network, "/token", "sandbox_list_rows", {})
        await client.call_tool("list_accounts", {})
        network.let_go.set()
        await world.app.tokens.drain()
        assert not network.given_up.is_set()
        after = await client.call_tool("sandbox_list_rows", {})

    assert after.structured_content["data"] == {"rows": [["once"]]}
    assert world.sandbox.count.refreshes == 1
