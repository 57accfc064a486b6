"""Meta tools: what an agent learns from each, and what it is told to do next."""

import json
import re
from pathlib import Path

import pytest
from tests.entry.reading import said
from tests.entry.wires import over_memory
from tests.fakes.many import many_accounts
from tests.fakes.practice import Practice

from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
NOWHERE = Path()
SEARCH = "sandbox_search_contacts"


async def test_without_accounts_the_list_says_how_to_connect_one(parts: Parts) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool("list_accounts", {})
        tools = await client.list_tools()

    assert result.structured_content["accounts"] == []
    assert "sandbox" in result.structured_content["connectors"]
    assert said(result).startswith("No account is connected yet.")
    assert "connect_account" in said(result)
    assert len(tools.tools) == 7


async def test_accounts_are_listed_with_whose_they_are_and_what_a_dead_one_needs(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    world.clock.advance(1)
    dead = await world.connect("globex", "bob")
    world.sandbox.revoke(user="bob")
    await world.search(dead)

    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool("list_accounts", {})

    first, second = result.structured_content["accounts"]
    assert first == {
        "id": account.id,
        "alias": "acme",
        "connector": "sandbox",
        "as": "anna@example.test",
        "state": "active",
    }
    assert second["state"] == "reauth_required"
    assert parts.links.opened(second["reauth_url"].rpartition("/")[2]).account_id == dead.id
    assert second["reauth_url"] in second["what_to_do"]
    assert second["confirmation_code"] in second["what_to_do"]


async def test_of_many_accounts_a_part_is_listed_and_a_query_finds_the_others(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    await many_accounts(world, account, 149)

    async with over_memory(parts, NOWHERE, "legacy") as client:
        part = await client.call_tool("list_accounts", {})
        one = await client.call_tool("list_accounts", {"query": "ÄCME-149"})
        none = await client.call_tool("list_accounts", {"query": "globex"})
        search = await client.call_tool("search_tools", {"query": "find contacts"})
        unclear = await client.call_tool(SEARCH, {})

    assert len(part.structured_content["accounts"]) == 100
    assert said(part).startswith("These are 100 of 150 accounts")
    assert [row["alias"] for row in one.structured_content["accounts"]] == ["äcme-149"]
    assert none.structured_content["accounts"] == []
    assert "None of the 150" in said(none)
    assert search.structured_content["tools"][0]["more_accounts"] is True
    assert len(search.structured_content["tools"][0]["accounts"]) == 10
    assert "and more, see list_accounts" in said(unclear)


async def test_a_search_gives_tools_of_accounts_first_and_how_to_connect_the_others(
    parts: Parts, account: ConnectedAccount
) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool("search_tools", {"query": "find contacts"})

    found = result.structured_content
    assert found["tools"][0] == {
        "name": SEARCH,
        "description": "Search the contacts of the practice CRM by a text in name, e-mail address or company.",
        "effect": "read",
        "accounts": [{"id": account.id, "alias": "acme"}],
    }
    others = {hit["name"]: hit for hit in found["not_connected"]}
    assert others["hubspot_search_contacts"]["connect"] == "connect_account with connector=hubspot"
    assert not [hit for hit in found["tools"] if not hit["name"].startswith("sandbox_")]


async def test_a_search_can_be_kept_to_one_connector_and_a_number(parts: Parts, account: ConnectedAccount) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        two = await client.call_tool("search_tools", {"query": "contact", "connector": "sandbox", "limit": 2})
        wrong = await client.call_tool("search_tools", {"query": "contact", "connector": "sandbx"})

    assert len(two.structured_content["tools"]) == 2
    assert "not_connected" not in two.structured_content
    assert wrong.is_error
    assert "sandbox" in said(wrong)


async def test_a_search_without_a_hit_says_so(parts: Parts, account: ConnectedAccount) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool("search_tools", {"query": "xyzzy"})

    assert result.structured_content["tools"] == []
    assert "try other words" in said(result)


async def test_a_description_has_what_a_call_needs(parts: Parts, account: ConnectedAccount) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool("describe_tools", {"names": [SEARCH, "sandbox_no_such"]})
        none = await client.call_tool("describe_tools", {"names": ["sandbox_no_such"]})

    (tool,) = result.structured_content["tools"]
    assert tool["input_schema"]["properties"]["query"]["type"] == "string"
    assert tool["example"] == {"query": "bakery"}
    assert result.structured_content["unknown"] == ["sandbox_no_such"]
    assert none.is_error
    assert "search_tools" in said(none)


async def test_a_tool_is_executed_by_id_and_by_alias(parts: Parts, account: ConnectedAccount) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        answers = [
            await client.call_tool(
                "execute_tool", {"connected_account_id": name, "tool_name": SEARCH, "tool_input": {"query": "bakery"}}
            )
            for name in (account.id, "acme")
        ]

    assert not answers[0].is_error
    assert answers[0] == answers[1]


async def test_a_foreign_account_is_answered_as_one_that_does_not_exist(
    parts: Parts, account: ConnectedAccount, foreign: ConnectedAccount
) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        answers = [
            await client.call_tool(
                "execute_tool", {"connected_account_id": name, "tool_name": SEARCH, "tool_input": {}}
            )
            for name in (foreign.id, "theirs", "conn_01JZZZZZZZZZZZZZZZZZZZZZZZ")
        ]

    assert answers[0].is_error
    assert answers[0].structured_content["code"] == "not_found"
    assert answers[0] == answers[1] == answers[2]


async def test_an_empty_result_says_first_that_the_query_ran_and_as_whom(
    parts: Parts, account: ConnectedAccount
) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool(SEARCH, {"query": "xyzzy"})

    first, rest = said(result).split("\n", 1)
    assert not result.is_error
    assert first == "The query ran as anna@example.test and matched nothing."
    assert json.loads(rest) == result.structured_content


async def test_connecting_gives_a_link_that_leads_to_an_account(parts: Parts, world: Practice) -> None:
    await world.connect("acme")
    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool(
            "connect_account", {"connector": "sandbox", "alias": "globex", "values": {"origin": world.url}}
        )

    link = parts.links.opened(result.structured_content["url"].rpartition("/")[2])
    assert (link.purpose, link.connector, link.alias) == ("connect", "sandbox", "globex")
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", result.structured_content["confirmation_code"])
    assert "list_accounts" in result.structured_content["what_to_do"]
    assert "confirmation code" in result.structured_content["what_to_do"]
    assert parts.accounts.named(LOCAL_TENANT, "globex") is None


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"connector": "sandbox", "alias": "acme"}, "already"),
        ({"connector": "hubspot"}, "evergrant connections add hubspot"),
        ({"connector": "no_such"}, "Known: "),
        ({"connector": "sandbox", "values": {"origin": "https://evil.example"}}, "connect_account again"),
        ({"connecter": "sandbox"}, "/connector"),
    ],
)
async def test_what_cannot_be_connected_is_an_error_with_a_next_step(
    parts: Parts, account: ConnectedAccount, arguments: dict[str, object], hint: str
) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        result = await client.call_tool("connect_account", arguments)

    assert result.is_error
    assert hint in said(result)


async def test_the_default_surface_is_small(parts: Parts) -> None:
    async with over_memory(parts, NOWHERE, "legacy") as client:
        listed = await client.list_tools()

    wire = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools]
    assert len(json.dumps(wire)) / 4 < 2_000
    assert "title" not in wire[1]["inputSchema"]["properties"]["query"]
    assert wire[1]["inputSchema"]["properties"]["connector"]["type"] == "string"
