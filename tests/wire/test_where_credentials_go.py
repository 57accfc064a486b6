"""Random addresses, paths, redirects and account values: a server on a second port never sees a credential."""

import asyncio
import base64
from collections.abc import Generator, Iterable
from contextlib import AsyncExitStack, suppress
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.calls.samples import tool
from tests.fakes.canaries import forms
from tests.fakes.clock import ManualClock
from tests.oauth.samples import NOW, connector
from tests.wire.recorder import EMPTY, Recorder, recording

from evergrant.calls.codecs import BadValue
from evergrant.calls.request import build_request
from evergrant.calls.send import Sender
from evergrant.catalog.account_value import BadAccountValue
from evergrant.catalog.connector import Connector
from evergrant.catalog.origin import allowed
from evergrant.dial.guard import Guard, permitted
from evergrant.model.account import Connection
from evergrant.model.failpoint import nothing
from evergrant.model.json import JsonObject
from evergrant.model.secret import Secret
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.tokens.bearer import Credential, CredentialWithheld
from evergrant.wire import http_client, transport

ACCESS, REFRESH, SECRET = "canary-access/3f9+c1", "canary-refresh/77+a0", "canary-client-secret/5d+e2"
CANARIES = {ACCESS, REFRESH, SECRET, base64.b64encode(f"cid:{quote(SECRET, safe='')}".encode()).decode()}
EXAMPLES = 600


async def everywhere(_host: str, _port: int) -> list[str]:
    """The worst of all resolvers: every name leads to the two servers."""
    return ["127.0.0.1"]


def found(secrets: Iterable[str], heard: str) -> list[str]:
    """The first characters of each secret that stands in the text in some form."""
    return sorted(secret[:8] for secret in secrets if any(form in heard for _, form in forms(secret)))


class Stage:
    """Two servers, the provider's and a stranger's, and clients for which every address may be dialled."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.provider, self.stranger = Recorder(), Recorder()

    def __enter__(self) -> "Stage":
        self._runner.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    async def _open(self) -> None:
        self.provider = await self._stack.enter_async_context(recording())
        self.stranger = await self._stack.enter_async_context(recording())
        open_door = Guard(everywhere, permitted(["127.0.0.0/8"]))
        self._sender = Sender(await self._stack.enter_async_context(transport(open_door, keep_alive=4)))
        http = await self._stack.enter_async_context(http_client(open_door, keep_alive=4))
        self._endpoint = TokenEndpoint(http, ManualClock(NOW), nothing)

    def call(self, of: Connector, given_: str, values: dict[str, str]) -> None:
        """Call a tool whose path takes the input, as the executor does."""
        self._runner.run(self._call(of, given_, values))

    def refresh(self, of: Connector, values: dict[str, str]) -> None:
        """Redeem a refresh token."""
        client = Client(of, Connection("c", "t", "acme", "cid", Secret(SECRET), "", (), NOW), values)
        with suppress(BadAccountValue):
            self._runner.run(self._endpoint.refresh(client, Secret(REFRESH)))

    async def _call(self, of: Connector, given_: str, values: dict[str, str]) -> None:
        look = tool(request="GET /things/{a}", input=ANY, required=["a"], example={"a": "x"})
        with suppress(BadValue, CredentialWithheld, ValueError, httpx2.HTTPError):
            request = build_request(of, look, {"a": given_}, values)
            await self._sender.send(request, Credential(Secret(ACCESS), allowed(of, values)).attach)

    def redirect(self, status: int, location: bytes) -> None:
        head = b"HTTP/1.1 %d Moved\r\nLocation: %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self.provider.answer = head % (status, location) if status else EMPTY


ANY: JsonObject = {"a": {}}


@pytest.fixture(scope="module")
def stage() -> Generator[Stage, None, None]:
    with Stage() as opened:
        yield opened


def declared(stage: Stage, *, lax: bool) -> Connector:
    """A provider at its port; a lax one takes whatever value as its origin, and only the list says where to."""
    value: JsonObject = {"from": "user", "title": "Any", "pattern": "(?s).*"}
    root = stage.provider.url()
    return connector(
        base_url="{account.origin}/v1" if lax else root + "/v1/{account.tenant}",
        allow=[root + "/v1/"],
        account={"origin": value, "tenant": value},
        oauth={"token_endpoint": root + "/{account.tenant}/token", "token_endpoint_auth_method": "client_secret_basic"},
    )


def texts(stage: Stage) -> SearchStrategy[str]:
    """Pieces out of which addresses are made, put together in any way."""
    mine, other = f"127.0.0.1:{stage.provider.port}", f"127.0.0.1:{stage.stranger.port}"
    known = [
        mine,
        other,
        f"localhost:{stage.stranger.port}",
        f"2130706433:{stage.stranger.port}",
        f"0x7f.1:{stage.stranger.port}",
    ]
    marks = ["http://", "https://", "//", "/", "\\", "@", "#", "?", ";", ":", ".", "..", "%2e", "%2f", "%40", "%23"]
    odd = ["\r\n", "\x00", "\t", " ", "\u3002", "\uff0f", "\uff0e", "\u2024", "\u0430", "[", "]", "v1", "x", "/v1/"]
    pieces = st.sampled_from([*known, *known, *marks, *odd]) | st.characters()
    whole = st.sampled_from([stage.stranger.url(), stage.provider.url(), stage.provider.url("/v1/../..")])
    return st.lists(pieces, max_size=6).map("".join) | whole | st.tuples(whole, pieces, whole).map("".join)


def test_a_stranger_never_sees_a_credential(stage: Stage) -> None:
    lax, strict, text = declared(stage, lax=True), declared(stage, lax=False), texts(stage)

    @settings(
        max_examples=EXAMPLES, suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much), database=None
    )
    @given(
        of=st.sampled_from((lax, strict)),
        given_=text,
        values=st.fixed_dictionaries(
            {"origin": text | st.just(stage.provider.url()), "tenant": text | st.just("acme")}
        ),
        status=st.sampled_from((0, 301, 302, 303, 307, 308)),
        location=text,
    )
    def try_one(of: Connector, given_: str, values: dict[str, str], status: int, location: str) -> None:
        stage.redirect(status, location.encode("utf-8", "replace").replace(b"\r", b"").replace(b"\n", b""))
        stage.call(of, given_, values)
        stage.refresh(of, values)
        heard = bytes(stage.stranger.heard).decode("latin-1")
        assert found(CANARIES, heard) == [], (given_, values, location)

    try_one()
    # It could have failed: the provider has seen all of them.
    told = bytes(stage.provider.heard).decode("latin-1")
    assert len(found({ACCESS, REFRESH}, told)) == 2
    assert "Basic " in told
    assert stage.stranger.connections == 0, "a stranger is not even dialled"


def test_what_a_stranger_is_sent_would_be_found(stage: Stage) -> None:
    other = connector(base_url=stage.stranger.url("/v1"))
    stage.call(other, "x", {})
    heard = bytes(stage.stranger.heard).decode("latin-1")
    assert found(CANARIES, heard) == [ACCESS[:8]]
