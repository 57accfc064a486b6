"""An MCP client over HTTP that bears an access token of the issuer."""

import httpx2
import pytest
import structlog
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.entry.wires import ERAS, http_server
from tests.fakes.clock import ManualClock
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.fakes.practice import START

from evergrant.entry.door import Door
from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.oauth.access_token import AccessTokens
from evergrant.oauth.issuer import Issuer
from evergrant.oauth.issuer_keys import IssuerKeys
from evergrant.service.token_desk import TokenDesk
from evergrant.settings import LOCAL_TENANT
from evergrant.wire import http_client

pytestmark = pytest.mark.anyio
WRITE, READ = "sandbox_append_row", "sandbox_search_contacts"
METADATA = "http://localhost:8484/.well-known/oauth-protected-resource/mcp"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(START)


@pytest.fixture
def door(issuer: FakeIssuer) -> Door:
    clock, log = ManualClock(START), structlog.get_logger()
    keys = IssuerKeys(Issuer(http_client(issuer, keep_alive=0), ISSUER).keys, clock, log)
    tokens = AccessTokens(ISSUER, AUDIENCE, keys, clock)
    desk = TokenDesk(tokens, LOCAL_TENANT, None, "confirm_destructive", lambda _: True)
    return Door(desk.bearer, log, METADATA)


def bearing(token: str) -> dict[str, str]:
    return {**ACCEPT, "Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("era", ERAS)
async def test_the_scope_decides_which_tools_there_are(
    naming: Parts, account: ConnectedAccount, door: Door, issuer: FakeIssuer, era: str
) -> None:
    named: dict[str, set[str]] = {}
    async with http_server(naming, door) as url:
        for scope in ("evergrant:read", "evergrant:tools"):
            async with (
                httpx2.AsyncClient(headers=bearing(issuer.token(scope=scope))) as http,
                Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=era) as client,
            ):
                named[scope] = {tool.name for tool in (await client.list_tools()).tools}
                found = await client.call_tool(READ, {"account": account.id})
                assert not found.is_error

    assert named["evergrant:tools"] - named["evergrant:read"] >= {WRITE}
    assert READ in named["evergrant:read"]


async def test_who_is_kept_out_is_told_what_to_ask_whom_for(parts: Parts, door: Door, issuer: FakeIssuer) -> None:
    async with http_server(parts, door) as url, httpx2.AsyncClient() as http:
        without = await http.post(f"{url}/mcp", json=PING, headers=ACCEPT)
        with_bad = await http.post(f"{url}/mcp", json=PING, headers=bearing(issuer.token(exp=1)))
        too_little = await http.post(f"{url}/mcp", json=PING, headers=bearing(issuer.token(scope="openid")))
        issuer.down = True
        unknown = await http.post(f"{url}/mcp", json=PING, headers=bearing(issuer.token({"kid": "new"})))

    wanted = f'resource_metadata="{METADATA}", scope="evergrant:tools"'
    assert (without.status_code, without.headers["WWW-Authenticate"]) == (401, f"Bearer {wanted}")
    assert with_bad.status_code == 401
    assert with_bad.headers["WWW-Authenticate"] == f'Bearer error="invalid_token", {wanted}'
    assert too_little.status_code == 403
    assert too_little.headers["WWW-Authenticate"] == f'Bearer error="insufficient_scope", {wanted}'
    assert unknown.status_code == 401  # asked for just now, and the issuer had no such key


async def test_in_a_session_each_request_has_the_rights_of_its_own_token(
    parts: Parts, account: ConnectedAccount, door: Door, issuer: FakeIssuer
) -> None:
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    }
    write = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {
            "name": "execute_tool",
            "arguments": {"connected_account_id": account.id, "tool_name": WRITE, "tool_input": {"row": ["a"]}},
        },
    }
    whole, reading = bearing(issuer.token()), bearing(issuer.token(scope="evergrant:read"))
    async with http_server(parts, door) as url, httpx2.AsyncClient() as http:
        opened = await http.post(f"{url}/mcp", json=initialize, headers=whole)
        session = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        await http.post(
            f"{url}/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers={**whole, **session}
        )
        refused = await http.post(f"{url}/mcp", json=write, headers={**reading, **session})
        other = await http.post(f"{url}/mcp", json=write, headers={**bearing(issuer.token(sub="ben")), **session})
        written = await http.post(f"{url}/mcp", json=write, headers={**whole, **session})

    assert "may only read" in refused.text
    assert other.status_code == 404
    assert "may only read" not in written.text
