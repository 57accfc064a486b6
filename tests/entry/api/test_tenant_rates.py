"""Per-tenant limits where clients meet them: `/v1`, MCP calls, and MCP's address. Counted, on a clock that stands."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import structlog
from mcp import Client
from mcp.shared.exceptions import MCPError
from tests.entry.api.tenancy import House, house
from tests.fakes.practice import practice

from evergrant.entry.mcp.server import make_server
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
BURST = 5
CALL: dict[str, object] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "list_accounts", "arguments": {}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[House, None]:
    async with practice(tmp_path / "home", limit=(1, BURST)) as world, house(world) as made:
        yield made


async def test_one_tenants_flood_is_refused_and_takes_nothing_from_another(site: House) -> None:
    async with await site.tenant("tnt_acme") as acme, await site.tenant("tnt_globex") as globex:
        flood = [await acme.get("/v1/accounts") for _ in range(50)]
        others = [await globex.get("/v1/accounts") for _ in range(BURST)]
        site.world.clock.advance(2)
        later = [await acme.get("/v1/accounts") for _ in range(3)]

    assert [each.status_code for each in flood] == [200] * BURST + [429] * (50 - BURST)
    assert [each.status_code for each in others] == [200] * BURST
    assert [each.status_code for each in later] == [200, 200, 429]
    refused = flood[-1]
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (refused.json()["code"], refused.json()["retry_after_s"]) == ("rate_limited", 1)


async def test_the_vaults_own_tenant_has_a_limit_only_where_it_was_given_one(site: House) -> None:
    free = [(await site.operator.get("/v1/accounts")).status_code for _ in range(50)]
    limit = {"requests_per_second": 1, "burst": 2}
    await site.operator.patch(f"/v1/tenants/{LOCAL_TENANT}", json={"limit": limit})
    site.world.clock.advance(10)
    limited = [(await site.operator.get("/v1/accounts")).status_code for _ in range(4)]

    assert free == [200] * 50
    assert limited == [200, 200, 429, 429]


async def test_a_tenants_own_limit_takes_the_place_of_the_servers(site: House) -> None:
    async with await site.tenant("tnt_acme") as acme:
        await site.operator.patch("/v1/tenants/tnt_acme", json={"limit": {"requests_per_second": 1, "burst": 20}})
        answers = [(await acme.get("/v1/accounts")).status_code for _ in range(30)]

    assert answers == [200] * 20 + [429] * 10


async def test_a_call_too_many_is_a_failure_that_a_model_can_read_and_a_list_too_many_an_error(site: House) -> None:
    server = make_server(mcp_parts(site.world.app, structlog.get_logger()), lambda: Principal("tnt_acme"))
    async with Client(server) as agent:
        said = [await agent.call_tool("list_accounts", {}) for _ in range(20)]
        with pytest.raises(MCPError) as refused:
            await agent.list_tools()

    codes = [each.structured_content.get("code") for each in said]
    assert (codes[0], codes[-1]) == (None, "rate_limited")
    assert said[-1].is_error
    assert "Call again in 1 s" in str(said[-1].content[0])
    assert refused.value.error.data["retry_after_s"] == 1


async def test_over_mcp_the_limit_holds_at_a_server_that_nobody_has_asked_for_anything_yet(tmp_path: Path) -> None:
    async with practice(tmp_path / "home", limit=(1, BURST)) as world:
        server = make_server(mcp_parts(world.app, structlog.get_logger()), lambda: Principal("tnt_acme"))
        async with Client(server) as agent:
            said = [await agent.call_tool("list_accounts", {}) for _ in range(BURST + 5)]

    assert said[-1].structured_content["code"] == "rate_limited"


async def test_who_goes_on_calling_in_spite_of_refusals_is_answered_429_at_mcps_address(site: House) -> None:
    async with site.web.router.lifespan_context(site.web), await site.tenant("tnt_acme") as acme:
        answers = [await acme.post("/mcp", json=CALL, headers=ACCEPT) for _ in range(4 * BURST)]
        async with await site.tenant("tnt_globex") as globex:
            other = await globex.post("/mcp", json=CALL, headers=ACCEPT)

    assert answers[0].status_code != 429
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].json()["code"] == "rate_limited"
    assert sum(each.status_code != 429 for each in answers) == 2 * BURST
    assert other.status_code == answers[0].status_code
