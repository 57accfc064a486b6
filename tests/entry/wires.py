"""The ways by which a client reaches the MCP server, each with the real transport."""

import socket
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import anyio
import httpx2
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client import Transport
from mcp.client.extension import ClientExtension
from mcp.client.session import ElicitationFnT, MessageHandlerFnT
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server
from starlette.applications import Starlette
from starlette.types import ASGIApp

from evergrant.entry.door import Door
from evergrant.entry.mcp.http import bearer_principal, mcp_endpoint
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.entry.socket import listening
from evergrant.model.principal import Principal
from evergrant.paths import socket_path
from evergrant.settings import LOCAL_TENANT


@dataclass(frozen=True)
class Host:
    """What a client can do beyond calling tools."""

    elicit: ElicitationFnT | None = None
    extensions: Sequence[ClientExtension] = ()
    hear: MessageHandlerFnT | None = None
    """What it does with notifications."""


PLAIN = Host()


class Wire(Protocol):
    """Parts of the server, its home folder, the client's era."""

    def __call__(
        self, parts: Parts, home: Path, era: str, *, host: Host = PLAIN
    ) -> AbstractAsyncContextManager[Client]: ...


TOKENS = {"the local token": Principal(LOCAL_TENANT), "a stranger's token": Principal("tnt_stranger")}
ERAS = ("legacy", "auto", "2026-07-28")


@asynccontextmanager
async def over_memory(parts: Parts, home: Path, era: str, *, host: Host = PLAIN) -> AsyncGenerator[Client, None]:
    async with _client(make_server(parts, lambda: Principal(LOCAL_TENANT)), era, host) as client:
        yield client


@asynccontextmanager
async def over_pump(parts: Parts, home: Path, era: str, *, host: Host = PLAIN) -> AsyncGenerator[Client, None]:
    """Through `evergrant mcp`, as a desktop client starts it, and the server's unix socket."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "evergrant", "mcp"], env={"EVERGRANT_HOME": str(home)}
    )
    server = make_server(parts, lambda: Principal(LOCAL_TENANT))
    async with listening(socket_path(home), server, parts.log), _client(command, era, host) as client:
        yield client


@asynccontextmanager
async def over_http(
    parts: Parts, home: Path, era: str, bearer: str = "the local token", *, host: Host = PLAIN
) -> AsyncGenerator[Client, None]:
    async with (
        http_server(parts) as url,
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}) as http,
        _client(streamable_http_client(f"{url}/mcp", http_client=http), era, host) as client,
    ):
        yield client


def _client(server: Server[Any] | StdioServerParameters | Transport, era: str, host: Host) -> Client:
    return Client(
        server, mode=era, elicitation_callback=host.elicit, extensions=host.extensions, message_handler=host.hear
    )


async def known(token: str) -> Principal | None:
    return TOKENS.get(token)


@asynccontextmanager
async def http_server(parts: Parts, door: Door | None = None) -> AsyncGenerator[str, None]:
    """The endpoint at `/mcp` of a server on a free port; yields the base URL. Without a door, TOKENS are let in."""
    endpoint = mcp_endpoint(make_server(parts, bearer_principal), door or Door(known, parts.log))
    async with endpoint.running(), serving(Starlette(routes=[endpoint.route])) as url:
        yield url


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str, None]:
    """The base URL of `app` on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = _Server(uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.should_exit = True


class _Server(uvicorn.Server):
    """Ctrl-C is pytest's."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


WIRES: dict[str, Wire] = {"memory": over_memory, "pump": over_pump, "http": over_http}


def reach(parts: Parts, home: Path, way: tuple[str, str], host: Host = PLAIN) -> AbstractAsyncContextManager[Client]:
    """A client of that wire and era."""
    wire, era = way
    return WIRES[wire](parts, home, era, host=host)
