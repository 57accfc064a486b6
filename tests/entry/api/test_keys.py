"""API keys: what each may see and call over `/v1` and MCP, until when, and what is left of one in the vault."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
import structlog
from mcp import Client
from tests.fakes.practice import Practice
from tests.service.holding import waiting

from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.secret import Secret
from evergrant.model.tool_mode import ALL
from evergrant.parts import mcp_parts
from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
WRITE, READ = "sandbox_append_row", "sandbox_search_contacts"


@pytest.fixture
async def anna(world: Practice) -> ConnectedAccount:
    return await world.connect("acme", "anna")


@pytest.fixture
async def ben(world: Practice) -> ConnectedAccount:
    return await world.connect("globex", "ben")


async def made(client: httpx2.AsyncClient, **wish: object) -> tuple[str, str]:
    """The id of a new key, and what is borne."""
    answer = await client.post("/v1/keys", json={"name": "night agent", **wish})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["key"]


def bearing(client: httpx2.AsyncClient, key: str) -> httpx2.AsyncClient:
    client.headers["Authorization"] = f"Bearer {key}"
    return client


async def execute(client: httpx2.AsyncClient, account: str, tool: str, **tool_input: object) -> httpx2.Response:
    asked = {"connected_account_id": account, "tool_name": tool, "tool_input": tool_input}
    return await client.post("/v1/execute", json=asked)


@asynccontextmanager
async def mcp(world: Practice, key: str) -> AsyncGenerator[Client, None]:
    """A client that came with a key."""
    principal = world.app.key_desk.bearer(key)
    assert principal
    parts = replace(mcp_parts(world.app, structlog.get_logger()), tools=(ALL,))
    server = make_server(parts, lambda: principal)
    async with Client(server) as client:
        yield client


async def test_a_key_without_limits_calls_every_tool_and_operates_nothing(
    client: httpx2.AsyncClient, anna: ConnectedAccount
) -> None:
    _, key = await made(client)
    agent = bearing(client, key)

    assert (await execute(agent, "acme", WRITE, row=["a"])).status_code == 200
    for method, path in (("GET", "/v1/events"), ("POST", "/v1/links"), ("GET", "/v1/keys"), ("POST", "/v1/keys")):
        refused = await agent.request(method, path, json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_accounts_that_a_key_is_not_for_are_not_there(
    world: Practice, client: httpx2.AsyncClient, anna: ConnectedAccount, ben: ConnectedAccount
) -> None:
    _, key = await made(client, connected_account_ids=["acme"])
    agent = bearing(client, key)
    other, unknown = await execute(agent, ben.id, READ), await execute(agent, "conn_none", READ)
    async with mcp(world, key) as talking:
        listed = (await talking.call_tool("list_accounts", {})).structured_content
        said = await talking.call_tool(
            "execute_tool", {"connected_account_id": ben.id, "tool_name": READ, "tool_input": {}}
        )

    assert (await execute(agent, "acme", READ)).status_code == 200
    assert other.status_code == unknown.status_code == 404
    assert other.json() == unknown.json()
    assert [account["id"] for account in listed["accounts"]] == [anna.id]
    assert said.structured_content["code"] == "not_found"


async def test_a_key_for_reading_sees_no_other_tool_and_calls_none(
    world: Practice, client: httpx2.AsyncClient, anna: ConnectedAccount
) -> None:
    _, key = await made(client, read_only=True)
    agent = bearing(client, key)
    refused = await execute(agent, "acme", WRITE, row=["a"])
    tools = (await agent.get("/v1/tools", params={"connected_account_id": "acme"})).json()["tools"]
    async with mcp(world, key) as talking:
        named = {tool.name for tool in (await talking.list_tools()).tools}
        found = (await talking.call_tool("search_tools", {"query": "append row sheet", "limit": 50})).structured_content

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert "may only read" in refused.json()["title"]
    assert world.sandbox.book("anna").rows == []
    assert {tool["effect"] for tool in tools} == {"read"}
    assert (WRITE in named, READ in named) == (False, True)
    assert {tool["effect"] for each in ("tools", "not_connected") for tool in found.get(each, [])} <= {"read"}


async def test_a_key_for_some_tools_has_these_only(client: httpx2.AsyncClient, anna: ConnectedAccount) -> None:
    _, key = await made(client, tools=["sandbox_*_row", "gmail_*"])
    agent = bearing(client, key)
    tools = (await agent.get("/v1/tools", params={"connected_account_id": "acme"})).json()["tools"]
    refused = await execute(agent, "acme", READ)

    assert [tool["name"] for tool in tools] == [WRITE]
    assert (await execute(agent, "acme", WRITE, row=["a"])).status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_a_key_with_toolsets_has_their_tools_only(
    world: Practice, client: httpx2.AsyncClient, anna: ConnectedAccount
) -> None:
    _, some = await made(client, toolsets=["sandbox"])
    _, others = await made(client, toolsets=["gmail", "hubspot"])
    stored = (await client.get("/v1/keys")).json()["keys"]
    async with mcp(world, some) as talking:
        listed = (await talking.list_tools()).tools
    agent = bearing(client, others)
    refused = await execute(agent, "acme", READ)
    tools = (await agent.get("/v1/tools", params={"connected_account_id": "acme"})).json()["tools"]

    assert sorted(key["toolsets"] for key in stored) == [["gmail", "hubspot"], ["sandbox"]]
    assert READ in {tool.name for tool in listed}
    assert (refused.status_code, refused.json()["code"], tools) == (403, "not_allowed", [])
    assert (await execute(bearing(client, some), "acme", READ)).status_code == 200


async def test_calls_of_other_accounts_are_not_listed_shown_resumed_or_cancelled(
    world: Practice, client: httpx2.AsyncClient, anna: ConnectedAccount, ben: ConnectedAccount
) -> None:
    world.sandbox.revoke(user="ben")
    call_id = await waiting(world, ben, WRITE, {"row": ["a"]})
    _, key = await made(client, connected_account_ids=["acme"])
    agent, at = bearing(client, key), f"/v1/calls/{call_id}"
    answers = [await agent.get(at), await agent.delete(at), await agent.post(f"{at}/resume")]

    assert (await agent.get("/v1/calls")).json() == {"calls": [], "next_cursor": None}
    assert {answer.status_code for answer in answers} == {404}
    assert [call.id for call in world.app.held_calls.listed(LOCAL_TENANT)] == [call_id]


async def test_a_key_ends_at_its_time_or_when_it_is_ended(
    world: Practice, client: httpx2.AsyncClient, anna: ConnectedAccount
) -> None:
    operator = client.headers["Authorization"].removeprefix("Bearer ")
    key_id, key = await made(client)
    _, short = await made(client, expires_in_s=3600)
    world.clock.advance(3601)
    late = await bearing(client, short).get("/v1/calls")
    before = await bearing(client, key).get("/v1/calls")
    ended = await bearing(client, operator).delete(f"/v1/keys/{key_id}")
    again = await client.delete(f"/v1/keys/{key_id}")
    after = await bearing(client, key).get("/v1/calls")

    assert (late.status_code, before.status_code, after.status_code) == (401, 200, 401)
    assert (ended.json(), again.status_code) == ({"ended": key_id}, 404)


@pytest.mark.parametrize(
    "wish",
    [
        {"name": " "},
        {"name": "x", "connected_account_ids": ["nobody"]},
        {"name": "x", "toolsets": ["gmial"]},
        {"name": "x", "operator": True, "toolsets": ["gmail"]},
        {"name": "x", "operator": True, "read_only": True},
        {"name": "x", "expires_in_s": 10**12},
        {"name": "x", "expires_in_s": 10**20},
        {"name": "x", "expires_in_s": 1},
    ],
)
async def test_what_cannot_be_a_key_is_refused_in_words(client: httpx2.AsyncClient, wish: dict[str, object]) -> None:
    refused = await client.post("/v1/keys", json=wish)

    assert (refused.status_code, (await client.get("/v1/keys")).json()) == (400, {"keys": [], "next_cursor": None})
    assert refused.json()["title"]


async def test_a_key_is_of_its_tenant(world: Practice, client: httpx2.AsyncClient, anna: ConnectedAccount) -> None:
    await world.app.tenant_desk.make("Other", "tnt_other")
    _, foreign = await world.app.key_desk.make("tnt_other", Wish("theirs", operator=True))
    agent = bearing(client, foreign.reveal())

    assert (await execute(agent, anna.id, READ)).status_code == 404
    assert (await agent.get("/v1/keys")).json()["keys"][0]["name"] == "theirs"
    assert len((await agent.get("/v1/keys")).json()["keys"]) == 1


async def test_what_is_borne_is_nowhere_in_the_vault(world: Practice, client: httpx2.AsyncClient) -> None:
    _, key = await made(client)
    files = [path for path in Path(world.app.vault.folder).rglob("*") if path.is_file()]

    assert Secret(key).reveal().startswith("evgk_")
    assert files
    assert not [path for path in files if key.encode() in path.read_bytes() or key[5:].encode() in path.read_bytes()]
