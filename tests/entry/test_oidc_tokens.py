"""Access tokens of a real authorization server, had by the MCP SDK's own client from what our refusal says."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx2
import pytest
import structlog
from mcp.client.auth import TokenStorage
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from tests.entry.modern import modern
from tests.fakes.oidc_provider import OidcProvider, oidc_provider
from tests.fakes.practice import Practice, practice
from typing_extensions import override

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.clock import SystemClock
from evergrant.parts import mcp_parts
from evergrant.surface import web_app

pytestmark = pytest.mark.anyio
HERE = "http://localhost:8484"
SCOPES = ("evergrant:read", "evergrant:tools", "evergrant:operate")


class Kept(TokenStorage):
    """A client's memory."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    @override
    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    @override
    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    @override
    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    @override
    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Routed(httpx2.AsyncHTTPTransport):
    """Our own address leads to the app, all others over the network."""

    def __init__(self, app: httpx2.ASGITransport) -> None:
        super().__init__()
        self.app = app

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        ours = str(request.url).startswith(HERE)
        return await (self.app.handle_async_request(request) if ours else super().handle_async_request(request))


@pytest.fixture(scope="module")
def provider() -> Generator[OidcProvider]:
    with oidc_provider(resource_scopes=SCOPES) as running:
        yield running


@pytest.fixture
async def world(tmp_path: Path, provider: OidcProvider) -> AsyncGenerator[Practice, None]:
    told = {"jwt_issuer": provider.issuer, "jwt_tenant": "local"}
    async with practice(tmp_path / "home", issuer=told) as made:
        made.clock.advance((SystemClock().now() - made.clock.now()).total_seconds())
        yield made


@pytest.fixture
async def transport(world: Practice) -> AsyncGenerator[Routed, None]:
    log = structlog.get_logger()
    web = web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)
    async with web.router.lifespan_context(web), Routed(httpx2.ASGITransport(web)) as made:
        yield made


async def token_for(provider: OidcProvider, resource: str, scope: str) -> str:
    asked = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
    async with httpx2.AsyncClient(auth=(provider.client_id, provider.client_secret)) as http:
        answer = await http.post(provider.token_endpoint, data=asked)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_a_client_finds_its_way_from_our_refusal_to_a_result(transport: Routed, provider: OidcProvider) -> None:
    kept = Kept()
    agent = ClientCredentialsOAuthProvider(
        f"{HERE}/mcp",
        kept,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        issuer=provider.issuer,
    )
    sent = modern("tools/call", {"name": "list_accounts", "arguments": {}}, "list_accounts", {})
    del sent["headers"]["Authorization"]
    async with httpx2.AsyncClient(transport=transport, auth=agent) as http:
        answer = await http.post(f"{HERE}/mcp", **sent)

    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["structuredContent"]["accounts"] == []
    assert kept.tokens
    assert kept.tokens.scope == "evergrant:tools"


async def test_only_a_token_for_us_is_good_here(transport: Routed, provider: OidcProvider) -> None:
    ours = await token_for(provider, f"{HERE}/mcp", "evergrant:operate")
    others = await token_for(provider, "https://other.example/mcp", "evergrant:operate")
    async with httpx2.AsyncClient(transport=transport) as http:
        taken = await http.get(f"{HERE}/v1/keys", headers={"Authorization": f"Bearer {ours}"})
        refused = await http.get(f"{HERE}/v1/keys", headers={"Authorization": f"Bearer {others}"})

    assert (taken.status_code, refused.status_code) == (200, 401)
