"""Every route of the server, as the app lists them: who is kept out of each, and what no header can bring about."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import httpx2
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route
from tests.fakes.issuer import ISSUER, FakeIssuer
from tests.fakes.practice import START, Practice, practice

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.parts import mcp_parts
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer

pytestmark = pytest.mark.anyio
PUBLIC = "https://evergrant.example"
ARRIVALS = ("/callback", "/connect/", "/reconnect/", "/approve/")
OPEN = ("/", "/style.css", "/healthz", "/.well-known/oauth-protected-resource", "/anew/", *ARRIVALS)
"""Pages, and what says how to get a token."""
FOREIGN_HOSTS = (
    "evil.example",
    "localhost.evil.example",
    "evil.example:8484",
    "x@localhost",
    "localhost:x",
    "",
    "[::2]",
)
FOREIGN_ORIGINS = (
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "http://x@localhost",
    "file://",
    "*",
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    told = {"public_url": PUBLIC, "jwt_issuer": ISSUER, "jwt_tenant": "local"}
    async with practice(tmp_path / "home", transport=FakeIssuer(START), issuer=told) as made:
        yield made


@pytest.fixture
async def web(world: Practice) -> AsyncGenerator[Starlette, None]:
    log = structlog.get_logger()
    made = web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(web: Starlette) -> AsyncGenerator[httpx2.AsyncClient, None]:
    transport = httpx2.ASGITransport(web)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as made:
        yield made


def every_request(web: Starlette) -> Sequence[tuple[str, str]]:
    """Each method and path that there is."""
    routes = [route for route in web.routes if isinstance(route, Route)]
    assert len(routes) == len(web.routes) > 30
    return [
        (method, route.path_format.format_map(dict.fromkeys(route.param_convertors, "x")))
        for route in routes
        for method in sorted(route.methods or {"GET", "POST", "DELETE"})
    ]


async def test_a_name_that_was_bound_to_our_address_reaches_no_route(
    web: Starlette, client: httpx2.AsyncClient, world: Practice
) -> None:
    bearer = local_bearer(world.app.vault.ring.ring).reveal()
    for method, path in every_request(web):
        for host in (
            "evil.example",
            "localhost.evil.example",
            "evil.example:8484",
            "x@localhost",
            "localhost:x",
            "",
            "[::2]",
        ):
            sent = {"Host": host, "Authorization": f"Bearer {bearer}"}
            assert (await client.request(method, path, headers=sent)).status_code == 421, (method, path, host)


async def test_a_page_of_another_site_reaches_no_route(
    web: Starlette, client: httpx2.AsyncClient, world: Practice
) -> None:
    bearer = local_bearer(world.app.vault.ring.ring).reveal()
    for method, path in every_request(web):
        if path.startswith(ARRIVALS) and method in ("GET", "HEAD"):
            continue
        for origin in (
            "https://evil.example",
            "null",
            "http://localhost.evil.example",
            "http://x@localhost",
            "file://",
            "*",
        ):
            sent = {"Origin": origin, "Authorization": f"Bearer {bearer}"}
            assert (await client.request(method, path, headers=sent)).status_code == 403, (method, path, origin)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8484", "http://localhost:8484"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8484", "http://[::1]:8484"),
        ("EVERGRANT.example", PUBLIC),
        ("evergrant.example:443", None),
    ],
)
async def test_our_own_names_and_pages_are_answered(client: httpx2.AsyncClient, host: str, origin: str | None) -> None:
    sent = {"Host": host, **({"Origin": origin} if origin else {})}

    assert (await client.get("/healthz", headers=sent)).status_code == 200


async def test_another_site_may_send_a_browser_to_a_callback(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/callback?code=a&state=b", headers={"Origin": "null"})

    assert answer.status_code == 400
    assert "not made here" in answer.text


async def test_every_route_but_the_pages_wants_a_bearer(web: Starlette, client: httpx2.AsyncClient) -> None:
    guarded = [(method, path) for method, path in every_request(web) if path.startswith(("/v1/", "/mcp", "/metrics"))]
    others = {path for _, path in every_request(web)} - {path for _, path in guarded}

    assert [path for path in others if not path.startswith(OPEN[1:]) and path != "/"] == []
    for method, path in guarded:
        for sent in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp4"}, {"Authorization": "Bearer"}):
            answer = await client.request(method, path, headers=sent)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert method == "HEAD" or answer.json()["code"] == "unauthorized"


async def test_two_bearers_at_once_are_none(client: httpx2.AsyncClient, world: Practice) -> None:
    bearer = ("Authorization", f"Bearer {local_bearer(world.app.vault.ring.ring).reveal()}")

    assert (await client.get("/v1/keys", headers=[bearer])).status_code == 200
    assert (await client.get("/v1/keys", headers=[bearer, bearer])).status_code == 401


TEXT = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
NAMES = st.sampled_from(
    [
        "Authorization",
        "Host",
        "Origin",
        "Content-Type",
        "Content-Length",
        "Accept",
        "Cookie",
        "MCP-Protocol-Version",
        "Mcp-Session-Id",
        "Mcp-Method",
        "Last-Event-ID",
        "X-Forwarded-Host",
        "Sec-Fetch-Mode",
    ]
)
VALUES = (
    TEXT | TEXT.map(lambda text: f"Bearer {text}") | st.sampled_from(["Bearer evg_", "Bearer evgk_", "Bearer a.b.c"])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(sent=st.lists(st.tuples(NAMES, VALUES), max_size=4), pick=st.integers(0, 10_000))
async def test_no_header_brings_about_an_error_of_ours(
    web: Starlette, client: httpx2.AsyncClient, sent: list[tuple[str, str]], pick: int
) -> None:
    requests = every_request(web)
    method, path = requests[pick % len(requests)]
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent]

    assert (await client.request(method, path, headers=headers)).status_code < 500
