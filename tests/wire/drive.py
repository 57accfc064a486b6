"""Drive one answer through the token endpoint and through a tool call, and say what came of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import httpx2
from tests.fakes.clock import ManualClock
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, START, Practice, add_client, sandbox, surroundings
from tests.wire.feed import READ, FedTransport, Feed
from typing_extensions import override

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount, Connection
from evergrant.model.failpoint import nothing
from evergrant.model.grant import Grant
from evergrant.model.outcome import Outcome
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued, Rejected
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.sandbox.run import running
from evergrant.settings import Settings
from evergrant.wire import http_client

HANGS_S = 10.0
"""Only what hangs takes so long: an answer lies ready in memory."""
GOOD = b'{"access_token": "an-access-token-of-the-feed", "refresh_token": "rt", "expires_in": 3600}'
GOOD_TOKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD)
PAGE = Path("/proc/self/statm")


class Switch(httpx2.AsyncBaseTransport):
    """The loopback network until an account is connected; then API answers are fed, and token answers are good."""

    def __init__(self, feed: Feed) -> None:
        self._network = httpx2.AsyncHTTPTransport()
        self._api = FedTransport(feed)
        good = Feed()
        good.answer = GOOD_TOKEN
        self._token = FedTransport(good)
        self.fed = False

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not self.fed:
            return await self._network.handle_async_request(request)
        way = self._token if request.url.path == "/token" else self._api
        return await way.handle_async_request(request)

    @override
    async def aclose(self) -> None:
        for way in (self._network, self._api, self._token):
            await way.aclose()


@dataclass(frozen=True)
class Driven:
    """What came of one answer, by every way it can be read."""

    exchange: Issued | Rejected
    outcome: Outcome


@dataclass
class Drive:
    """A vault with one account, and its OAuth client."""

    app: App
    account: ConnectedAccount
    client: Client
    endpoint: TokenEndpoint
    feed: Feed

    async def drive(self, answer: bytes, piece: int) -> Driven:
        """Raises TimeoutError at a hang, and whatever is not handled."""
        self.feed.answer, self.feed.piece = answer, piece
        async with asyncio.timeout(HANGS_S):
            exchange = await self.endpoint.refresh(self.client, Secret("a-refresh-token"))
        async with asyncio.timeout(HANGS_S):
            outcome = await self.app.executor.execute_tool(self.account.key, "sandbox_search_contacts", {})
        return Driven(exchange, outcome)

    async def drive_aside(self, answer: bytes) -> None:
        """The requests to a provider that only ask or tell; as `drive`."""
        self.feed.answer, self.feed.piece = answer, READ
        async with asyncio.timeout(HANGS_S):
            await self.endpoint.introspect(self.client, GRANT)
            await self.endpoint.revoke(self.client, GRANT)
            await self.endpoint.probe(self.client)


GRANT = Grant(1, Secret("an-access-token"), Secret("a-refresh-token"), START, None, None)


@asynccontextmanager
async def driving(home: Path) -> AsyncGenerator[Drive, None]:
    """Connect an account at a real sandbox, then take the network away."""
    feed, clock = Feed(), ManualClock(START)
    switch, provider = Switch(feed), sandbox(clock)
    with running(provider) as url:
        world = replace(surroundings(clock), transport=switch)
        async with open_app(Settings(home=home, key_source="file"), world) as app:
            await add_client(app)
            account = await Practice(app, provider, clock, url).connect()
            switch.fed = True
            async with http_client(FedTransport(feed), keep_alive=0) as http:
                yield Drive(app, account, _client(app, account), TokenEndpoint(http, clock, nothing), feed)


def _client(app: App, account: ConnectedAccount) -> Client:
    connection = Connection(
        account.connection_id, account.tenant_id, "sandbox", CLIENT_ID, Secret(CLIENT_SECRET), "", (), START
    )
    return Client(app.catalog.connector("sandbox"), connection, account.values)


def is_typed(exchange: object, outcome: object) -> bool:
    """Whether all came to one of the values that the program knows."""
    return isinstance(exchange, Issued | Rejected) and isinstance(outcome, get_args(Outcome))


def resident_bytes() -> int:
    """The memory that this process holds now."""
    return int(PAGE.read_text(encoding="ascii").split()[1]) * 4096
