"""Every route of `/v1`, as the app itself has them: none lets a stranger in, none tells of another tenant."""

from collections.abc import Mapping, Sequence

import httpx2
import pytest
import structlog
from starlette.applications import Starlette
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Practice
from tests.fakes.receiver import receiving
from tests.service.holding import waiting

from evergrant.entry.api.document import IN_PATH
from evergrant.entry.api.operation import Described
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.audit import EVERYTHING
from evergrant.model.json import JsonObject
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.parts import mcp_parts
from evergrant.service.api_keys import Wish
from evergrant.service.token_desk import OPERATE
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import web_app

pytestmark = pytest.mark.anyio
THEIRS = "tnt_stranger"
BODIES: Mapping[str, JsonObject] = {
    "/v1/webhook_endpoints/{endpoint_id}": {"state": "enabled"},
    "/v1/webhook_endpoints/{endpoint_id}/replay": {"since": 0},
}
"""What a route takes that names somebody's thing in its path, where `{}` does not do."""
NO_TENANTS = ("/v1/connectors/", "/v1/tools/", "/v1/tenants/")
"""What these name is for everybody, or for whoever runs the vault."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
SENT: Sequence[bytes] = (b"", b"{}", b"[]", b"null", b"\xff\xfe", b'"', b'{"a": 1}', b"[" * 9_000, b"x" * 70_000)


@pytest.fixture
def permit() -> tuple[str, ...]:
    return ("127.0.0.1",)


@pytest.fixture
def web(world: Practice) -> Starlette:
    log = structlog.get_logger()
    return web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)


@pytest.fixture
def routes(web: Starlette) -> list[Described]:
    return [route for route in web.routes if isinstance(route, Described)]


async def foreign_ids(world: Practice) -> dict[str, str]:
    """What another tenant has, by the parameter of a path that names such a thing."""
    app = world.app
    secret = Secret(CLIENT_SECRET)
    await app.tenant_desk.make("Stranger", THEIRS)
    connection = await app.registry.add(
        THEIRS, "sandbox", client_id=CLIENT_ID, client_secret=secret, redirect_uri=REDIRECT_URI
    )
    begun = await app.connect.begin(THEIRS, "sandbox", "theirs", {"origin": world.url})
    account = await app.consent.finish(parse_redirect(await approve(begun.url, "mallory")))
    world.sandbox.revoke(user="mallory")
    key, _ = await app.key_desk.make(THEIRS, Wish("theirs"))
    with receiving() as receiver:
        endpoint, _ = await app.webhooks.add(THEIRS, receiver.url)
    link = app.links.made(app.links.to_connect(THEIRS, "sandbox", "more", {"origin": world.url}))
    call_id = await waiting(world, account, "sandbox_append_row", {"row": ["a"]})
    await app.audit.journal.drain()
    (line, *_) = app.audit_log.page(THEIRS, EVERYTHING, 1)
    return {
        "call_id": call_id,
        "line_id": line.id,
        "key_id": key.id,
        "endpoint_id": endpoint.id,
        "handle": link.url.rpartition("/")[2],
        "id": begun.authorization_id,
        "connected_account_id": account.id,
        "account": account.id,
        "connection_id": connection.id,
    }


def unknown(known: str) -> str:
    """An id of the same make that nothing has."""
    return known[:-6] + ("000000" if not known.endswith("000000") else "111111")


def filled(path: str, ids: Mapping[str, str]) -> str:
    return IN_PATH.sub(lambda found: ids[found[1]], path)


async def test_the_document_tells_of_all_routes_and_of_no_other(
    web: Starlette, routes: list[Described], client: httpx2.AsyncClient
) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    told = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert told == {(route.path, route.method) for route in routes}
    bare = {getattr(route, "path", "") for route in web.routes if not isinstance(route, Described)}
    assert [path for path in bare if path.startswith("/v1")] == ["/v1/{rest:path}"]


async def test_no_route_lets_a_stranger_in(routes: list[Described], stranger: httpx2.AsyncClient) -> None:
    for route in routes:
        path = IN_PATH.sub("x", route.path)
        for header in ({}, {"Authorization": "Bearer evgk_none"}, {"Authorization": "Basic x"}):
            refused = await stranger.request(route.method, path, headers=header, json={})
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized"), (route.method, path)
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_what_is_for_operators_an_agents_key_does_not_open(
    world: Practice, routes: list[Described], stranger: httpx2.AsyncClient
) -> None:
    _, key = await world.app.key_desk.make(LOCAL_TENANT, Wish("agent"))
    header = {"Authorization": f"Bearer {key.reveal()}"}
    for route in routes:
        got = await stranger.request(route.method, IN_PATH.sub("x", route.path), headers=header, json={})
        refused = (got.status_code, got.json().get("code")) == (403, "not_allowed")
        assert refused == (route.bearer_scope == OPERATE), (route.method, route.path)


async def test_what_is_anothers_is_answered_as_what_is_not_there(
    world: Practice, routes: list[Described], client: httpx2.AsyncClient
) -> None:
    ids = await foreign_ids(world)
    named = [route for route in routes if IN_PATH.search(route.path) and not route.path.startswith(NO_TENANTS)]
    assert {name for route in named for name in IN_PATH.findall(route.path)} <= ids.keys(), "say above what it is"
    for route in named:
        body = BODIES.get(route.path, {})
        for name in IN_PATH.findall(route.path):
            nobodys = {**ids, name: unknown(ids[name])}
            theirs = await client.request(route.method, filled(route.path, ids), json=body)
            none = await client.request(route.method, filled(route.path, nobodys), json=body)
            assert (theirs.status_code, theirs.content.replace(ids[name].encode(), nobodys[name].encode())) == (
                none.status_code,
                none.content,
            ), (route.method, route.path)
            assert theirs.status_code == 404
            assert _told(theirs) == _told(none)


async def test_what_a_query_or_a_body_names_of_anothers_is_answered_as_what_is_not_there(
    world: Practice, client: httpx2.AsyncClient
) -> None:
    theirs = (await foreign_ids(world))["connected_account_id"]
    search: dict[str, object] = {"tool_name": "sandbox_search_contacts", "tool_input": {}}
    asked: list[tuple[str, str, dict[str, object]]] = [
        ("GET", f"/v1/tools?connected_account_id={theirs}", {}),
        ("GET", f"/v1/calls?account={theirs}", {}),
        ("GET", "/v1/tools?connected_account_id=theirs", {}),
        ("POST", "/v1/execute", {"connected_account_id": theirs, **search}),
        ("POST", "/v1/links", {"connected_account_id": theirs}),
        ("POST", "/v1/keys", {"name": "x", "connected_account_ids": [theirs]}),
    ]
    for method, path, body in asked:
        answers = [
            await client.request(method, path.replace(theirs, name), json=_renamed(body, theirs, name))
            for name in (theirs, unknown(theirs))
        ]
        first, second = answers
        assert first.status_code == second.status_code >= 400
        assert first.content.replace(theirs.encode(), unknown(theirs).encode()) == second.content


def _renamed(body: dict[str, object], name: str, other: str) -> object:
    return {key: [other] if value == [name] else other if value == name else value for key, value in body.items()}


def _told(response: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "content-length"}


async def test_whatever_is_sent_nothing_fails_unforeseen(routes: list[Described], client: httpx2.AsyncClient) -> None:
    for route in routes:
        path = IN_PATH.sub("x", route.path)
        answers = [await client.request(method, path) for method in METHODS]
        answers += [await client.request(route.method, path, content=content) for content in SENT]
        answers += [
            await client.request(route.method, f"{path}?{query}")
            for query in ("x=" + "y" * 60_000, "&".join(f"a{n}=1" for n in range(3_000)), "%ff%00=%ff", "limit=%C2%B2")
        ]
        assert all(answer.status_code < 500 for answer in answers), path
        for answer in answers:
            assert answer.is_success or answer.headers["Content-Type"] == "application/problem+json"


async def test_an_unknown_address_and_an_unknown_method_are_told_as_problems(client: httpx2.AsyncClient) -> None:
    nowhere = [await client.get(path) for path in ("/v1/", "/v1/nothing", "/v1/keys/", "/v1/calls/a%2Fb")]
    assert [answer.status_code for answer in nowhere] == [404] * 4
    wrong = await client.put("/v1/calls/call_x")
    assert (wrong.status_code, wrong.headers["Allow"], wrong.json()["status"]) == (405, "DELETE, GET, HEAD", 405)


async def test_a_stranger_is_not_told_what_addresses_there_are(stranger: httpx2.AsyncClient) -> None:
    answers = [await stranger.request(*asked) for asked in (("GET", "/v1/nothing"), ("PUT", "/v1/keys"))]
    assert [answer.status_code for answer in answers] == [401, 401]
