"""Large results over MCP: in pages, kept for an hour, of the form that the tool declares."""

# pyright: reportUnknownMemberType=false

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, ResourceLink, TextContent, TextResourceContents
from structlog.testing import LogCapture
from tests.entry.wires import http_server, over_http, over_memory
from tests.fakes.practice import Practice, practice
from tests.fakes.retold import retold_tools
from tests.fakes.typescript_client import ts_client

from evergrant.entry.mcp.handover import Handover
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import Result
from evergrant.model.principal import Principal
from evergrant.model.tool_mode import ALL
from evergrant.settings import LOCAL_TENANT, Settings

pytestmark = pytest.mark.anyio
ERAS = ("legacy", "2026-07-28")
TOKENS = 1000
ROWS: list[Json] = [[number, "x" * 20] for number in range(400)]
PLAIN: JsonObject = {"rows": ROWS}
NOWHERE = Path()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    """Two tools declare what does not come."""
    declared: JsonObject = {"type": "object", "required": ["nothing"], "properties": {"results": {"type": "string"}}}
    pages: JsonObject = {"by": "cursor", "parameter": "after", "next": "/next", "size": "limit", "most": 2}
    changes: dict[str, JsonObject] = {
        "sandbox_get_contact": {"output": declared},
        "sandbox_search_contacts": {"input": {"query": {"type": "string"}}, "pages": pages, "output": None},
    }
    async with practice(tmp_path / "home", connector_path=retold_tools(tmp_path / "own", changes)) as made:
        yield made


@pytest.fixture
def small(parts: Parts, world: Practice, account: ConnectedAccount) -> Parts:
    """Parts whose answers are small, before a provider with more rows than fit into one."""
    world.sandbox.book("anna").rows.extend(cast("list[list[Json]]", ROWS))
    return replace(parts, pages=replace(parts.pages, tokens=TOKENS), tools=(ALL,))


def structure(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result
    return cast("dict[str, Any]", result.structured_content)


def link(result: CallToolResult) -> str:
    (found,) = [str(block.uri) for block in result.content if isinstance(block, ResourceLink)]
    return found


async def all_pages(client: Client, first: CallToolResult) -> list[CallToolResult]:
    found = [first]
    while (now := structure(found[-1])).get("next_cursor"):
        wanted = {"result_id": now["result_id"], "cursor": now["next_cursor"]}
        found.append(await client.call_tool("get_result_page", wanted))
    return found


@pytest.mark.parametrize("era", ERAS)
async def test_the_pages_are_together_the_whole_and_each_is_small(small: Parts, era: str) -> None:
    async with over_memory(small, NOWHERE, era) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        first = await client.call_tool("sandbox_list_rows", {})
        pages = await all_pages(client, first)

    assert [row for page in pages for row in structure(page)["data"]["rows"]] == ROWS
    assert structure(first)["truncated"] is True
    assert structure(first)["shown"].startswith("items 1 to ")
    assert "get_result_page" in structure(first)["note"]
    assert "truncated" not in structure(pages[-1])
    for page in pages:
        texts = [block.text for block in page.content if isinstance(block, TextContent)]
        assert json.loads(texts[0]) == page.structured_content
        assert len(texts[0]) <= 4 * TOKENS
    for name, page in (("sandbox_list_rows", first), ("get_result_page", pages[1])):
        Draft202012Validator(listed[name].output_schema or {}).validate(page.structured_content)


@pytest.mark.parametrize("era", ERAS)
async def test_a_link_leads_to_the_whole(small: Parts, account: ConnectedAccount, era: str) -> None:
    async with over_memory(small, NOWHERE, era) as client:
        first = await client.call_tool("sandbox_list_rows", {})
        (content,) = (await client.read_resource(link(first))).contents

    assert isinstance(content, TextResourceContents)
    assert json.loads(content.text) == {"account": account.id, "as": account.label, "data": PLAIN}


async def test_one_that_is_too_large_for_a_message_is_read_in_part(small: Parts, world: Practice) -> None:
    world.sandbox.book("anna").rows.extend([["y" * 1000] for _ in range(900)])

    async with over_memory(small, NOWHERE, "2026-07-28") as client:
        first = await client.call_tool("sandbox_list_rows", {})
        (content,) = (await client.read_resource(link(first))).contents

    assert isinstance(content, TextResourceContents)
    assert "get_result_page" in json.loads(content.text)["note"]
    assert json.loads(content.text)["data"] == structure(first)["data"]


@pytest.mark.parametrize("era", ERAS)
async def test_the_largest_pages_there_may_be_pass_through_http(
    small: Parts, world: Practice, tmp_path: Path, era: str
) -> None:
    world.sandbox.book("anna").rows.extend([['\U0001f600é"' * 300] for _ in range(150)])
    largest = replace(small, pages=replace(small.pages, tokens=200_000))

    async with over_http(largest, tmp_path, era) as client:
        first = await client.call_tool("sandbox_list_rows", {})
        pages = await all_pages(client, first)

    assert sum(len(structure(page)["data"]["rows"]) for page in pages) == len(ROWS) + 150


async def test_a_small_result_writes_nothing(parts: Parts, world: Practice, account: ConnectedAccount) -> None:
    async with over_memory(parts, NOWHERE, "2026-07-28") as client:
        await client.call_tool("sandbox_list_rows", {})
        before = world.app.held_calls.changes.number()
        result = await client.call_tool("sandbox_list_rows", {})

    assert world.app.held_calls.changes.number() == before
    assert structure(result)["data"] == {"rows": []}


async def test_a_program_gets_the_whole(small: Parts, account: ConnectedAccount) -> None:
    outcome = await small.standing(Principal(LOCAL_TENANT)).execute(account.id, "sandbox_list_rows", {})

    assert isinstance(outcome, Result)
    assert outcome.content == PLAIN


async def test_unknown_foreign_and_forgotten_ids_answer_alike(
    small: Parts, world: Practice, account: ConnectedAccount
) -> None:
    async with over_memory(small, NOWHERE, "2026-07-28") as client:
        first = structure(await client.call_tool("sandbox_list_rows", {}))
        asked = {"result_id": first["result_id"], "cursor": first["next_cursor"]}
        unknown = await client.call_tool("get_result_page", {**asked, "result_id": "res_unknown"})
        strangers = [
            Principal("tnt_stranger"),
            Principal(LOCAL_TENANT, "key_1", accounts=frozenset({"conn_another"})),
            Principal(LOCAL_TENANT, "key_2", tools=("sandbox_get_*",)),
        ]
        foreign = [await _asked_by(small, who, asked) for who in strangers]
        world.clock.advance(timedelta(hours=1).total_seconds())
        forgotten = await client.call_tool("get_result_page", asked)

    assert unknown.is_error
    assert cast("JsonObject", unknown.structured_content)["code"] == "not_found"
    assert "do not repeat it" in str(unknown.structured_content)
    assert [each.structured_content for each in (*foreign, forgotten)] == [unknown.structured_content] * 4


async def _asked_by(parts: Parts, who: Principal, asked: dict[str, Any]) -> CallToolResult:
    async with Client(make_server(parts, lambda: who)) as client:
        return await client.call_tool("get_result_page", asked)


async def test_a_cursor_of_no_page_is_refused(small: Parts) -> None:
    async with over_memory(small, NOWHERE, "2026-07-28") as client:
        first = structure(await client.call_tool("sandbox_list_rows", {}))
        wrong = await client.call_tool("get_result_page", {"result_id": first["result_id"], "cursor": "i9999"})
        again = await client.call_tool("get_result_page", {"result_id": first["result_id"]})

    assert cast("JsonObject", wrong.structured_content)["code"] == "invalid_input"
    assert structure(again)["data"] == first["data"]


async def test_what_cannot_be_kept_is_given_in_part_with_the_way_on(small: Parts) -> None:
    handover = Handover(small.catalog, small.pages, small.log)
    lost = Result(account="conn_gone", label="anna", content=PLAIN)

    made = await handover.of(small.standing(Principal(LOCAL_TENANT)), lost)

    assert structure(made)["truncated"] is True
    assert "result_id" not in structure(made)
    assert "could not be kept" in structure(made)["note"]


@pytest.mark.parametrize("era", ERAS)
async def test_data_of_another_form_comes_in_another_place(
    small: Parts, account: ConnectedAccount, logged: LogCapture, era: str
) -> None:
    async with over_memory(small, NOWHERE, era) as client:
        await client.list_tools()
        result = await client.call_tool("sandbox_get_contact", {"contact_id": "con_00000001"})

    assert structure(result)["unexpected_data"]["id"] == "con_00000001"
    assert "data" not in structure(result)
    assert "not of the form" in structure(result)["note"]
    assert [entry["tool"] for entry in logged.entries if "another form" in entry["event"]] == ["sandbox_get_contact"]


@pytest.mark.parametrize("era", ERAS)
async def test_the_official_typescript_client_takes_every_form(small: Parts, era: str) -> None:
    async with http_server(small) as url, ts_client(f"{url}/mcp", "the local token", era) as client:
        said = list[JsonObject]()
        client.ask(method="list")
        await client.says("result")
        for name, given in (
            ("sandbox_list_rows", {}),
            ("sandbox_get_contact", {"contact_id": "con_00000001"}),
            ("sandbox_get_contact", {"contact_id": "con_99999999"}),
        ):
            client.ask(method="call", name=name, arguments=given)
            said.append(cast("JsonObject", await client.says("result")))

    rows, unexpected, failed = [cast("JsonObject", each["structuredContent"]) for each in said]
    assert rows["truncated"] is True
    assert "unexpected_data" in unexpected
    assert failed["code"] == "provider_error"


@pytest.mark.parametrize("era", ERAS)
async def test_a_failure_fits_the_output_schema_and_keeps_its_fields(small: Parts, era: str) -> None:
    async with over_memory(small, NOWHERE, era) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        failed = await client.call_tool("sandbox_get_contact", {"contact_id": "con_99999999"})

    assert failed.is_error
    Draft202012Validator(listed["sandbox_get_contact"].output_schema or {}).validate(failed.structured_content)


@pytest.mark.parametrize("era", ERAS)
async def test_a_long_read_tells_of_itself_now_and_then(small: Parts, world: Practice, era: str) -> None:
    told = list[tuple[float, str | None]]()

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async with over_memory(small, NOWHERE, era) as client:
        result = await client.call_tool("sandbox_search_contacts", {"limit": 10}, progress_callback=heard)

    assert len(structure(result)["data"]["items"]) == 10
    # After the first request nobody knows whether more follow; and the clock stands still, so the others come too soon.
    assert told == [(2, "The service has answered 2 requests.")]


@pytest.mark.parametrize(("era", "code"), [("legacy", -32002), ("2026-07-28", -32602)])
async def test_resources_that_are_not_there_answer_alike(
    small: Parts, account: ConnectedAccount, foreign: ConnectedAccount, era: str, code: int
) -> None:
    async with over_memory(small, NOWHERE, era) as client:
        for uri in (
            "evergrant://accounts/conn_unknown",
            f"evergrant://accounts/{foreign.id}",
            f"evergrant://accounts/{account.alias}",
            "evergrant://results/res_unknown",
            "evergrant://nothing",
            "file:///etc/passwd",
        ):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            assert caught.value.error.code == code
            assert caught.value.error.message.startswith("Resource not found")


def test_the_size_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().result_tokens == 8000
    for value in ("999", "200001"):
        monkeypatch.setenv("EVERGRANT_RESULT_TOKENS", value)
        with pytest.raises(ValueError, match=r"(?i)result_tokens"):
            Settings()
