"""Named tools: as which account they run, and which are listed."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.entry.reading import said
from tests.entry.wires import over_memory
from tests.fakes.practice import Practice

from evergrant.catalog.catalog import Catalog
from evergrant.entry.mcp.named import NamedTools
from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount

pytestmark = pytest.mark.anyio
EMPTY = Path()


async def test_with_two_accounts_the_call_must_say_which(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    other = await world.connect("globex", "bob")

    async with over_memory(parts, EMPTY, "legacy") as client:
        unclear = await client.call_tool("sandbox_list_rows", {})
        by_alias = await client.call_tool("sandbox_list_rows", {"account": "globex"})
        by_id = await client.call_tool("sandbox_list_rows", {"account": account.id})

    assert unclear.is_error
    assert unclear.structured_content["code"] == "invalid_input"
    for choice in ("acme", account.id, "anna@example.test", "globex", other.id, "bob@example.test"):
        assert choice in said(unclear)
    assert by_alias.structured_content["account"] == other.id
    assert by_id.structured_content["account"] == account.id


async def test_a_foreign_account_is_answered_as_one_that_does_not_exist(
    parts: Parts, account: ConnectedAccount, foreign: ConnectedAccount
) -> None:
    async with over_memory(parts, EMPTY, "legacy") as client:
        answers = [
            await client.call_tool("sandbox_list_rows", {"account": name})
            for name in (foreign.id, "theirs", "conn_01JZZZZZZZZZZZZZZZZZZZZZZZ")
        ]

    assert answers[0].is_error
    assert answers[0] == answers[1] == answers[2]


async def test_wrong_input_is_an_error_result_and_not_sent(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    async with over_memory(parts, EMPTY, "legacy") as client:
        result = await client.call_tool("sandbox_search_contacts", {"limit": "many"})

    assert result.is_error
    assert result.structured_content["pointer"] == "/limit"


async def test_every_tool_of_the_catalogue_makes_a_good_named_tool(parts: Parts) -> None:
    named = NamedTools(parts)

    for connector in parts.catalog.connectors():
        for tool in map(named.tool, named.of(connector)):
            assert tool
            assert tool.input_schema["type"] == "object"
            assert tool.annotations
            assert tool.annotations.open_world_hint
            assert "account" in tool.input_schema["properties"]


async def test_a_tool_is_made_once(parts: Parts) -> None:
    named = NamedTools(parts)

    assert named.tool("sandbox_list_rows")
    assert named.tool("sandbox_list_rows") is named.tool("sandbox_list_rows")
    assert named.tool("sandbox_no_such") is None


async def test_an_account_of_a_connector_that_is_gone_takes_no_other_tools_away(
    naming: Parts, account: ConnectedAccount, tmp_path: Path
) -> None:
    # A folder without connectors, as after the user's own one was taken away.
    without = replace(naming, catalog=Catalog([tmp_path]))

    async with over_memory(without, EMPTY, "legacy") as client:
        listed = await client.list_tools()

    assert len(listed.tools) == 7


async def test_a_tool_that_has_an_input_called_account_keeps_it(parts: Parts, tmp_path: Path) -> None:
    for folder in ("connectors", "schemas"):
        (tmp_path / folder).mkdir()
    shipped = Path(__file__).parents[2]
    (tmp_path / "connectors" / "ledger.yaml").write_text((shipped / "connectors" / "sandbox.yaml").read_text())
    (tmp_path / "schemas" / "ledger.yaml").write_text(
        "ledger_get_account:\n"
        "  description: Get one account of the ledger by its number, with its balance.\n"
        "  request: GET /accounts/{account}\n"
        "  effect: read\n"
        "  input: {account: {type: string}}\n"
        "  required: [account]\n"
        "  example: {account: '1000'}\n"
    )
    own = replace(parts, catalog=Catalog([tmp_path]))

    tool = NamedTools(own).tool("ledger_get_account")

    assert tool
    assert tool.input_schema["properties"]["account"] == {"type": "string"}
    assert "list_accounts" in tool.input_schema["properties"]["connected_account_id"]["description"]
