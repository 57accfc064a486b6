"""The ways by which a client reaches the MCP server, each with the real transport."""

import socket
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import httpx2
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette

from evergrant.entry.mcp.http import bearer_tenant, mcp_endpoint
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.entry.socket import listening
from evergrant.paths import socket_path
from evergrant.settings import LOCAL_TENANT

Wire = Callable[[Parts, Path, str], AbstractAsyncContextManager[Client]]
"""Parts of the server, its home folder, the client's era."""

TOKENS = {"the local token": LOCAL_TENANT, "a stranger's token": "tnt_stranger"}
ERAS = ("legacy", "auto", "2026-07-28")


@asynccontextmanager
async def over_memory(parts: Parts, _: Path, era: str) -> AsyncGenerator[Client, None]:
    async with Client(make_server(parts, lambda: LOCAL_TENANT), mode=era) as client:
        yield client


@asynccontextmanager
async def over_pump(parts: Parts, home: Path, era: str) -> AsyncGenerator[Client, None]:
    """Through `evergrant mcp`, as a desktop client starts it, and the server's unix socket."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "evergrant", "mcp"], env={"EVERGRANT_HOME": str(home)}
    )
    server = make_server(parts, lambda: LOCAL_TENANT)
    async with listening(socket_path(home), server, parts.log), Client(command, mode=era) as client:
        yield client


@asynccontextmanager
async def over_http(parts: Parts, _: Path, era: str, bearer: str = "the local token") -> AsyncGenerator[Client, None]:
    async with (
        http_server(parts) as url,
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=era) as client,
    ):
        yield client


@asynccontextmanager
async def http_server(parts: Parts) -> AsyncGenerator[str, None]:
    """The endpoint at `/mcp` of a server on a free port; yields the base URL."""
    endpoint = mcp_endpoint(make_server(parts, bearer_tenant), TOKENS.get)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        Starlette(routes=[endpoint.route]), lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    async with endpoint.running(), anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True


class _Server(uvicorn.Server):
    """Ctrl-C is pytest's."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


WIRES: dict[str, Wire] = {"memory": over_memory, "pump": over_pump, "http": over_http}


def reach(parts: Parts, home: Path, way: tuple[str, str]) -> AbstractAsyncContextManager[Client]:
    """A client of that wire and era."""
    wire, era = way
    return WIRES[wire](parts, home, era)
