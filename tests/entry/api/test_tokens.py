"""Access tokens of an issuer, over `/v1`: what each scope lets its bearer do, and what all others are told."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
import structlog
from tests.fakes.issuer import ISSUER, FakeIssuer
from tests.fakes.practice import START, Practice, practice

from evergrant.dial.guard import Guard
from evergrant.dial.network import Network
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.oauth.issuer_keys import LONGEST_STALE_S
from evergrant.parts import mcp_parts
from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import web_app

pytestmark = pytest.mark.anyio
WRITE, READ = "sandbox_append_row", "sandbox_search_contacts"
METADATA = "http://localhost:8484/.well-known/oauth-protected-resource/mcp"
LOCAL = {"jwt_issuer": ISSUER, "jwt_tenant": "local"}
BY_CLAIM = {"jwt_issuer": ISSUER, "jwt_tenant_claim": "https://login.example/org"}


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(START)


@pytest.fixture
def told() -> dict[str, str]:
    """The settings of the issuer."""
    return LOCAL


@pytest.fixture
async def world(tmp_path: Path, issuer: FakeIssuer, told: dict[str, str]) -> AsyncGenerator[Practice, None]:
    limits = httpx2.Limits(max_connections=10)
    issuer.beyond = Network(Guard(), limits)
    async with issuer.beyond, practice(tmp_path / "home", transport=issuer, issuer=told) as made:
        yield made


@pytest.fixture
async def anna(world: Practice) -> ConnectedAccount:
    return await world.connect("acme", "anna")


def bearing(client: httpx2.AsyncClient, token: str) -> httpx2.AsyncClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


async def execute(client: httpx2.AsyncClient, account: str, tool: str, **tool_input: object) -> httpx2.Response:
    asked = {"connected_account_id": account, "tool_name": tool, "tool_input": tool_input}
    return await client.post("/v1/execute", json=asked)


def challenge(scope: str, error: str = "") -> str:
    said = f'error="{error}", ' if error else ""
    return f'Bearer {said}resource_metadata="{METADATA}", scope="{scope}"'


@pytest.mark.parametrize(
    ("scope", "answered"),
    [
        ("evergrant:read", (200, 403, 403)),
        ("openid evergrant:tools", (200, 200, 403)),
        ("evergrant:read evergrant:tools", (200, 200, 403)),
        ("evergrant:operate evergrant:read", (200, 200, 200)),
    ],
)
async def test_a_scope_says_what_its_bearer_may_do(
    stranger: httpx2.AsyncClient, issuer: FakeIssuer, anna: ConnectedAccount, scope: str, answered: tuple[int, int, int]
) -> None:
    agent = bearing(stranger, issuer.token(scope=scope))

    read = await execute(agent, "acme", READ)
    written = await execute(agent, "acme", WRITE, row=["a"])
    operated = await agent.get("/v1/events")

    assert (read.status_code, written.status_code, operated.status_code) == answered
    if written.status_code == 403:
        assert written.headers["WWW-Authenticate"] == challenge("evergrant:tools", "insufficient_scope")
    if operated.status_code == 403:
        assert operated.headers["WWW-Authenticate"] == challenge("evergrant:operate", "insufficient_scope")


@pytest.mark.usefixtures("anna")
async def test_a_decision_names_the_subject_of_its_token(stranger: httpx2.AsyncClient, issuer: FakeIssuer) -> None:
    operator = bearing(stranger, issuer.token(scope="evergrant:operate", sub="ada"))
    asked = await execute(operator, "acme", "sandbox_delete_contact", contact_id="con_00000001")

    decided = await operator.post(f"/v1/calls/{asked.json()['call_id']}/deny")

    assert (decided.status_code, decided.json()["decided_by"]) == (200, "ada, over HTTP")


class TestWhereNobodyMayDoMoreThanRead:
    @pytest.fixture
    def told(self) -> dict[str, str]:
        return {**LOCAL, "policy": "read_only"}

    @pytest.mark.usefixtures("anna")
    @pytest.mark.parametrize("scope", ["evergrant:read", "evergrant:tools", "evergrant:operate"])
    async def test_no_scope_is_asked_for_that_would_not_help(
        self, stranger: httpx2.AsyncClient, issuer: FakeIssuer, scope: str
    ) -> None:
        agent = bearing(stranger, issuer.token(scope=scope))

        read, written = await execute(agent, "acme", READ), await execute(agent, "acme", WRITE, row=["a"])

        assert (read.status_code, written.status_code, written.json()["code"]) == (200, 403, "not_allowed")
        assert "WWW-Authenticate" not in written.headers


async def test_a_key_that_only_reads_is_asked_for_no_scope(
    stranger: httpx2.AsyncClient, world: Practice, anna: ConnectedAccount
) -> None:
    _, key = await world.app.key_desk.make(LOCAL_TENANT, Wish("agent", policy="read_only"))

    written = await execute(bearing(stranger, key.reveal()), "acme", WRITE, row=["a"])

    assert (written.status_code, "WWW-Authenticate" in written.headers) == (403, False)


@pytest.mark.parametrize("scope", ["openid profile", None, 7, "evergrant:*", "Evergrant:tools", {"evergrant:tools": 1}])
async def test_a_token_without_a_scope_of_ours_is_good_for_nothing(
    stranger: httpx2.AsyncClient, issuer: FakeIssuer, scope: object
) -> None:
    refused = await bearing(stranger, issuer.token(scope=scope)).get("/v1/calls")

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert refused.headers["WWW-Authenticate"] == challenge("evergrant:tools", "insufficient_scope")


@pytest.mark.parametrize(
    "claims", [{"scp": "evergrant:tools"}, {"scp": ["evergrant:tools"]}, {"scope": ["evergrant:tools"]}]
)
async def test_scopes_are_read_where_issuers_write_them(
    stranger: httpx2.AsyncClient, issuer: FakeIssuer, claims: dict[str, object]
) -> None:
    assert (await bearing(stranger, issuer.token(**{"scope": None, **claims})).get("/v1/calls")).status_code == 200


async def test_who_bears_none_or_a_bad_one_is_told_where_to_get_one(
    stranger: httpx2.AsyncClient, issuer: FakeIssuer
) -> None:
    without = await stranger.get("/v1/keys")
    with_bad = await bearing(stranger, issuer.token(aud="https://other.example")).get("/v1/calls")
    metadata = (await stranger.get(METADATA)).json()

    assert (without.status_code, with_bad.status_code) == (401, 401)
    assert without.headers["WWW-Authenticate"] == challenge("evergrant:operate")
    assert with_bad.headers["WWW-Authenticate"] == challenge("evergrant:tools", "invalid_token")
    assert metadata == {
        "resource": "http://localhost:8484/mcp",
        "authorization_servers": [ISSUER],
        "scopes_supported": ["evergrant:read", "evergrant:tools"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Evergrant",
    }
    assert (await stranger.get("/.well-known/oauth-protected-resource")).json() == metadata


async def test_keys_and_the_vaults_own_bearer_are_good_beside_tokens(
    client: httpx2.AsyncClient, world: Practice, issuer: FakeIssuer
) -> None:
    assert (await client.get("/v1/keys")).status_code == 200
    _, key = await world.app.key_desk.make(LOCAL_TENANT, Wish("agent"))
    assert (await bearing(client, key.reveal()).get("/v1/calls")).status_code == 200
    assert (await bearing(client, "evgk_unknown").get("/v1/calls")).status_code == 401
    assert not issuer.asked


async def test_a_token_ends(stranger: httpx2.AsyncClient, issuer: FakeIssuer, world: Practice) -> None:
    agent = bearing(stranger, issuer.token())
    before = await agent.get("/v1/calls")
    world.clock.advance(3600 + 60)

    assert (before.status_code, (await agent.get("/v1/calls")).status_code) == (200, 401)


async def test_an_issuer_that_is_down_is_no_fault_of_the_bearer(
    stranger: httpx2.AsyncClient, issuer: FakeIssuer, world: Practice
) -> None:
    issuer.down = True
    token = issuer.token(exp=START.timestamp() + 2 * LONGEST_STALE_S)
    unknown = await bearing(stranger, token).get("/v1/calls")
    world.clock.advance(61)
    issuer.down = False
    known = await stranger.get("/v1/calls")
    issuer.down = True
    world.clock.advance(3600)

    assert (unknown.status_code, unknown.json()["code"]) == (503, "issuer_unavailable")
    assert unknown.headers["Retry-After"] == "60"
    assert "WWW-Authenticate" not in unknown.headers
    assert (known.status_code, (await stranger.get("/v1/calls")).status_code) == (200, 200)


@pytest.mark.parametrize("subject", ["local", "key_01ABC", "", "x" * 256, "a\nb"])
async def test_a_subject_is_never_taken_for_somebody_of_another_kind(
    stranger: httpx2.AsyncClient, issuer: FakeIssuer, subject: str
) -> None:
    refused = await bearing(stranger, issuer.token(sub=subject)).get("/v1/calls")

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_a_held_call_says_which_subject_asked(
    stranger: httpx2.AsyncClient, issuer: FakeIssuer, world: Practice, anna: ConnectedAccount
) -> None:
    world.sandbox.revoke(user="anna")
    await execute(bearing(stranger, issuer.token(sub="agent-7")), "acme", WRITE, row=["a"])

    assert [call.asked_by for call in world.app.held_calls.listed(LOCAL_TENANT)] == ["agent-7"]


class TestATenantByClaim:
    @pytest.fixture
    def told(self) -> dict[str, str]:
        return BY_CLAIM

    @pytest.mark.parametrize(
        "named", [None, "", 7, ["acme"], LOCAL_TENANT, "../acme", "acme/x", "x" * 65, "ac me", "é", "org_unknown"]
    )
    async def test_nobody_is_of_no_tenant_or_of_the_operators(
        self, stranger: httpx2.AsyncClient, issuer: FakeIssuer, named: object
    ) -> None:
        token = issuer.token(**{BY_CLAIM["jwt_tenant_claim"]: named})
        refused = await bearing(stranger, token).get("/v1/calls")

        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")

    async def test_each_sees_what_is_its_tenants(
        self, stranger: httpx2.AsyncClient, issuer: FakeIssuer, world: Practice, anna: ConnectedAccount
    ) -> None:
        for tenant in ("org_1", "org_2"):
            await world.app.tenant_desk.make(tenant, tenant)
        await world.app.key_desk.make("org_1", Wish("theirs"))
        for tenant, names in (("org_1", ["theirs"]), ("org_2", [])):
            token = issuer.token(scope="evergrant:operate", **{BY_CLAIM["jwt_tenant_claim"]: tenant})
            agent = bearing(stranger, token)
            assert [key["name"] for key in (await agent.get("/v1/keys")).json()["keys"]] == names
            assert (await execute(agent, anna.id, READ)).status_code == 404


async def test_without_an_issuer_a_jwt_is_nothing_and_nothing_is_announced(tmp_path: Path, issuer: FakeIssuer) -> None:
    log = structlog.get_logger()
    async with practice(tmp_path / "home", transport=issuer) as world:
        web = web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)
        transport = httpx2.ASGITransport(web)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as stranger:
            refused = await bearing(stranger, issuer.token()).get("/v1/calls")
            metadata = await stranger.get(METADATA)

    assert (refused.status_code, metadata.status_code) == (401, 404)
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="evergrant", error="invalid_token"'
    assert not issuer.asked
