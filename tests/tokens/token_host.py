"""A token endpoint that answers any refresh token, when the test lets it; and accounts that live there."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from tests.fakes.practice import CLIENT_ID

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.grant import Grant
from evergrant.model.secret import Secret

ROOT = Path(__file__).parents[2]


class TokenHost:
    """Counts what it is asked; while `gate` is not set it answers nobody."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""
        self.in_flight = 0
        self.most_in_flight = 0
        self.served = 0
        self.up = True
        self._arrived = asyncio.Event()

    async def arrived(self, requests: int) -> None:
        """Return once so many requests wait for their answer."""
        while self.in_flight < requests:
            self._arrived.clear()
            await self._arrived.wait()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self._arrived.set()
        await self.gate.wait()
        self.in_flight -= 1
        self.served += 1
        writer.write(self._token() if self.up else _http("503 Service Unavailable", {}))
        await writer.drain()
        writer.close()

    def _token(self) -> bytes:
        token = f"token-{self.served}"
        issued = {"access_token": token, "refresh_token": f"refresh-{token}", "token_type": "Bearer"}
        return _http("200 OK", {**issued, "expires_in": 1800})


@asynccontextmanager
async def token_host() -> AsyncGenerator[TokenHost, None]:
    """One on a free loopback port."""
    host = TokenHost()
    server = await asyncio.start_server(host.answer, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    host.url = f"http://127.0.0.1:{port}"
    try:
        yield host
    finally:
        host.gate.set()
        server.close()
        await server.wait_closed()


def connection(tenant_id: str, now: datetime) -> Connection:
    """A tenant's client of the sandbox connector."""
    return Connection(
        f"client_{tenant_id}", tenant_id, "sandbox", CLIENT_ID, Secret("s"), "http://localhost/callback", (), now
    )


def account(connection: Connection, number: int, origin: str) -> ConnectedAccount:
    """An account of that connection at a token host."""
    return ConnectedAccount(
        id=f"conn_{number}",
        tenant_id=connection.tenant_id,
        connection_id=connection.id,
        connector="sandbox",
        alias=f"alias-{number}",
        subject=f"subject-{number}",
        label=f"label-{number}",
        state="active",
        cause=None,
        scopes_requested=(),
        scopes_granted=(),
        values={"origin": origin},
        created_at=connection.created_at,
    )


def grant(issued_at: datetime, *, refresh_at: datetime) -> Grant:
    """A grant that lives for half an hour."""
    return Grant(1, Secret("old"), Secret("old-refresh"), issued_at, issued_at + timedelta(minutes=30), refresh_at)


@cache
def connector() -> Connector:
    """The sandbox's declaration."""
    return Catalog([ROOT]).connector("sandbox")


def _length(head: bytes) -> int:
    lines = head.decode("ascii").lower().split("\r\n")
    return next((int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")), 0)


def _http(status: str, body: object) -> bytes:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close"
    return head.encode() + b"\r\n\r\n" + text
