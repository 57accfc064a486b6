"""`/v1/accounts`: whose they are, how they stand, and what an operator does with them."""

from collections.abc import AsyncGenerator

import httpx2
import pytest
import structlog
from mcp import Client
from tests.entry.api.tenancy import House, house
from tests.fakes.practice import Practice
from tests.fakes.reconnect import reconnect

from evergrant.entry.mcp.server import make_server
from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.service.accounts import NoSuchAccount
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
READ, WRITE = "sandbox_search_contacts", "sandbox_append_row"


@pytest.fixture
async def anna(world: Practice) -> ConnectedAccount:
    return await world.connect("acme", "anna")


@pytest.fixture
async def ben(world: Practice, anna: ConnectedAccount) -> ConnectedAccount:
    world.clock.advance(1)  # ids of one moment have no order
    return await world.connect("globex", "ben")


@pytest.fixture
async def site(world: Practice, anna: ConnectedAccount, ben: ConnectedAccount) -> AsyncGenerator[House, None]:
    async with house(world) as made:
        yield made


@pytest.fixture
async def agent(site: House) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Who may call the tools of one account."""
    async with await site.tenant(LOCAL_TENANT, connected_account_ids=["acme"]) as made:
        yield made


async def aliases(client: httpx2.AsyncClient, **query: str | int) -> list[str]:
    answer = await client.get("/v1/accounts", params=query)
    assert answer.status_code == 200, answer.text
    return [each["alias"] for each in answer.json()["accounts"]]


async def execute(client: httpx2.AsyncClient, tool: str = READ, **tool_input: object) -> httpx2.Response:
    asked = {"connected_account_id": "acme", "tool_name": tool, "tool_input": tool_input}
    return await client.post("/v1/execute", json=asked)


async def test_accounts_are_listed_narrowed_and_paged(site: House, ben: ConnectedAccount) -> None:
    await site.operator.patch(f"/v1/accounts/{ben.id}", json={"paused": True})
    first = (await site.operator.get("/v1/accounts?limit=1")).json()
    second = {"limit": 1, "cursor": first["next_cursor"]}

    assert await aliases(site.operator) == ["acme", "globex"]
    assert await aliases(site.operator, **second) == ["globex"]
    assert await aliases(site.operator, query="ANNA") == await aliases(site.operator, paused="false") == ["acme"]
    assert await aliases(site.operator, paused="true", connector="sandbox", state="active") == ["globex"]
    assert await aliases(site.operator, state="reauth_required") == await aliases(site.operator, connector="x") == []


async def test_an_agent_sees_its_accounts_and_changes_none(
    agent: httpx2.AsyncClient, anna: ConnectedAccount, ben: ConnectedAccount
) -> None:
    hidden, unknown = [await agent.get(f"/v1/accounts/{name}") for name in (ben.id, "conn_none")]

    assert await aliases(agent) == ["acme"]
    assert (await agent.get("/v1/accounts/acme")).json()["id"] == anna.id
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.content == unknown.content
    for method in ("PATCH", "DELETE"):
        refused = await agent.request(method, f"/v1/accounts/{anna.id}")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_an_account_is_shown_with_its_clocks_its_scopes_and_its_last_error(site: House) -> None:
    told = (await site.operator.get("/v1/accounts/acme")).json()

    assert (told["state"], told["paused"], told["cause"], told["last_error"]) == ("active", False, None, None)
    assert told["access_expires_at"] == "2026-05-25T00:30:00+00:00"
    assert told["next_refresh_at"] < told["access_expires_at"]
    assert told["refresh_token"] is True
    assert set(told["scopes_granted"]) == {"crm.read", "crm.write"}
    assert told["tools_ready"] >= 7
    assert "token" not in str({name: value for name, value in told.items() if name != "refresh_token"}).replace(
        "refresh_token_ends_at", ""
    )


async def test_an_account_is_renamed_unless_the_name_is_taken_or_cannot_be_one(site: House) -> None:
    renamed = await site.operator.patch("/v1/accounts/acme", json={"alias": "acme-crm"})
    wrong = [
        await site.operator.patch("/v1/accounts/acme-crm", json=body)
        for body in ({"alias": "globex"}, {"alias": "conn_x"}, {"alias": " "}, {}, {"state": "active"})
    ]

    assert (renamed.status_code, renamed.json()["alias"]) == (200, "acme-crm")
    assert [answer.status_code for answer in wrong] == [409, 409, 409, 400, 400]
    assert await aliases(site.operator) == ["acme-crm", "globex"]


async def test_an_account_that_goes_as_it_is_changed_is_said_to_have_gone(site: House) -> None:
    desk, gone = site.world.app.desk, AccountKey(LOCAL_TENANT, "conn_gone")
    with pytest.raises(NoSuchAccount):
        await desk.rename(gone, "acme-crm")
    with pytest.raises(NoSuchAccount):
        await desk.pause(gone, paused=True)


async def test_a_paused_account_lets_no_call_through_by_any_way_and_is_kept_alive(
    site: House, agent: httpx2.AsyncClient, anna: ConnectedAccount
) -> None:
    await site.operator.patch("/v1/accounts/acme", json={"paused": True})
    world, before = site.world, site.world.sandbox.count.token_requests.get("refresh_token", 0)
    refused = [await execute(agent), await execute(site.operator, WRITE, row=["a"])]
    server = make_server(mcp_parts(world.app, structlog.get_logger()), lambda: Principal(LOCAL_TENANT))
    async with Client(server) as talking:
        said = await talking.call_tool(WRITE, {"account": "acme", "row": ["a"]})
        (listed, _) = (await talking.call_tool("list_accounts", {})).structured_content["accounts"]
    world.clock.advance(1700)
    await world.app.schedule.tick()
    after = world.sandbox.count.token_requests["refresh_token"]
    await site.operator.patch("/v1/accounts/acme", json={"paused": False})

    assert [(each.status_code, each.json()["code"]) for each in refused] == [(409, "account_paused")] * 2
    assert "paused" in refused[0].json()["title"]
    assert said.structured_content["code"] == "account_paused"
    assert (listed["state"], "resume" in listed["what_to_do"]) == ("paused", True)
    assert world.sandbox.book("anna").rows == []
    assert after > before
    assert (await execute(agent)).status_code == 200


async def test_a_kept_call_of_a_paused_account_waits_until_it_is_resumed(
    site: House, agent: httpx2.AsyncClient, anna: ConnectedAccount
) -> None:
    world = site.world
    world.sandbox.revoke(user="anna")
    call_id = (await execute(agent, WRITE, row=["a"])).json()["call_id"]
    await site.operator.patch("/v1/accounts/acme", json={"paused": True})
    await reconnect(world.app, anna)
    still_paused = (await site.operator.get("/v1/accounts/acme")).json()
    refused = await agent.post(f"/v1/calls/{call_id}/resume", json={})
    await site.operator.patch("/v1/accounts/acme", json={"paused": False})
    done = await agent.post(f"/v1/calls/{call_id}/resume", json={})

    assert (still_paused["state"], still_paused["paused"]) == ("active", True)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_paused")
    assert done.status_code == 200
    assert len(world.sandbox.book("anna").rows) == 1


@pytest.mark.parametrize(("asked", "revoked"), [("", True), ("?at_provider=false", False)])
async def test_an_account_is_removed_and_revoked_unless_it_is_not_to_be(site: House, asked: str, revoked: bool) -> None:
    removed = await site.operator.delete(f"/v1/accounts/acme{asked}")

    assert (removed.status_code, removed.json()["revoked_at_provider"]) == (200, revoked)
    assert site.world.sandbox.count.revocations == revoked
    assert await aliases(site.operator) == ["globex"]
    assert (await site.operator.delete("/v1/accounts/acme")).status_code == 404
