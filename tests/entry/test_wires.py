"""What a client gets is the same on every wire and in every era, and never an exception's text."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR
from structlog.testing import LogCapture
from tests.entry.reading import said
from tests.entry.wires import ERAS, WIRES, reach
from tests.fakes.practice import Practice

from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import FRESH_MS
from evergrant.model.account import ConnectedAccount
from evergrant.vault.account_queries import Ids
from evergrant.vault.accounts import Accounts, Matching

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("way", [(wire, era) for wire in WIRES for era in ERAS], ids="-".join),
]

CANARY = "at_SECRET_canary of anna@example.test"
META = [
    "list_accounts",
    "search_tools",
    "describe_tools",
    "execute_tool",
    "get_result_page",
    "resume_call",
    "connect_account",
]
NAMED = [
    "sandbox_search_contacts",
    "sandbox_get_contact",
    "sandbox_create_contact",
    "sandbox_update_contact",
    "sandbox_delete_contact",
    "sandbox_append_row",
    "sandbox_list_rows",
]


async def test_the_list_of_tools_is_the_same(
    naming: Parts, account: ConnectedAccount, tmp_path: Path, way: tuple[str, str]
) -> None:
    async with reach(naming, tmp_path, way) as client:
        listed = await client.list_tools()

    assert [tool.name for tool in listed.tools] == META + NAMED
    assert listed.next_cursor is None
    search = listed.tools[len(META)].model_dump(mode="json", exclude_none=True)
    assert search["title"] == "Sandbox: search contacts"
    assert search["annotations"] == {
        "read_only_hint": True,
        "destructive_hint": False,
        "idempotent_hint": True,
        "open_world_hint": True,
    }
    assert list(search["input_schema"]["properties"]) == ["query", "limit", "after", "account"]
    if way[1] != "legacy":
        assert (listed.ttl_ms, listed.cache_scope) == (FRESH_MS, "private")


async def test_a_call_gives_the_same_result(
    parts: Parts, account: ConnectedAccount, tmp_path: Path, way: tuple[str, str]
) -> None:
    async with reach(parts, tmp_path, way) as client:
        named = await client.call_tool("sandbox_search_contacts", {"query": "bakery"})
        meta = await client.call_tool(
            "execute_tool",
            {
                "connected_account_id": account.id,
                "tool_name": "sandbox_search_contacts",
                "tool_input": {"query": "bakery"},
            },
        )

    assert not named.is_error
    assert named.structured_content["account"] == account.id
    assert named.structured_content["as"] == "anna@example.test"
    assert "bakery" in str(named.structured_content["data"]["results"][0]).lower()
    assert meta.structured_content == named.structured_content
    assert said(meta) == said(named)


async def test_a_dead_grant_is_an_error_result_with_the_link_in_its_text(
    naming: Parts, world: Practice, account: ConnectedAccount, tmp_path: Path, way: tuple[str, str]
) -> None:
    world.sandbox.revoke()

    async with reach(naming, tmp_path, way) as client:
        result = await client.call_tool("sandbox_search_contacts", {})
        tools = await client.list_tools()

    link = result.structured_content["reauth_url"]
    assert result.is_error
    assert result.structured_content["code"] == "reauth_required"
    assert naming.links.opened(link.rpartition("/")[2]).account_id == account.id
    assert link in said(result)
    assert result.structured_content["confirmation_code"] in said(result)
    assert [tool.name for tool in tools.tools] == META + NAMED


async def test_an_exceptions_text_reaches_neither_client_nor_log(
    naming: Parts, logged: LogCapture, caplog: pytest.LogCaptureFixture, tmp_path: Path, way: tuple[str, str]
) -> None:
    caplog.set_level(logging.DEBUG)

    async with reach(replace(naming, accounts=_Broken()), tmp_path, way) as client:
        call = await client.call_tool("list_accounts", {})
        with pytest.raises(MCPError) as listing:
            await client.list_tools()

    assert call.is_error
    assert listing.value.code == INTERNAL_ERROR
    seen = [*map(str, (call, listing.value, listing.value.error, logged.entries)), caplog.text]
    assert not [text for text in seen if "SECRET" in text or "anna" in text]
    first, second = logged.entries
    assert first["type"] == second["type"] == "builtins.RuntimeError"
    assert first["reference"] in said(call)
    assert second["reference"] in listing.value.message
    assert first["at"].startswith("tests.entry.test_wires:")


async def test_an_unknown_tool_is_refused_as_the_protocol_says(
    parts: Parts, account: ConnectedAccount, tmp_path: Path, way: tuple[str, str]
) -> None:
    async with reach(parts, tmp_path, way) as client:
        for name in ("no_such_tool", "hubspot_search_contacts", "sandbox_no_such"):
            with pytest.raises(MCPError, match="Unknown tool") as refused:
                await client.call_tool(name, {"query": "x"})
            assert refused.value.code == -32602


class _Broken(Accounts):
    def __init__(self) -> None:
        pass

    def connectors(self, tenant_id: str, ids: Ids = None) -> tuple[str, ...]:
        raise RuntimeError(f"{CANARY} {tenant_id} {ids}")

    def matching(self, tenant_id: str, query: str | None, most: int, ids: Ids = None) -> Matching:
        raise RuntimeError(f"{CANARY} {tenant_id} {query} {most} {ids}")
