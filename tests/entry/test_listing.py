"""Which tools are listed: by mode, by key, page by page; and that what is kept goes out as if it were made anew."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp import Client
from mcp.server import Server
from mcp.shared.exceptions import MCPError
from mcp.types import ListToolsResult, PaginatedRequestParams
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from tests.entry.modern import META as META_KEY
from tests.entry.wires import over_memory
from tests.fakes.ledgers import ledgers
from tests.fakes.many import many_accounts
from tests.fakes.practice import Practice

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.toolsets import BadToolsets, Toolsets, UnknownToolset
from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.paging import PAGE
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.entry.mcp.wire_lists import WireLists
from evergrant.entry.socket import listening
from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
NOWHERE = Path()
META = [
    "list_accounts",
    "search_tools",
    "describe_tools",
    "execute_tool",
    "get_result_page",
    "resume_call",
    "connect_account",
]
READS = ["sandbox_search_contacts", "sandbox_get_contact", "sandbox_list_rows"]
ERAS = ("legacy", "2026-07-28")


@pytest.fixture
def own(naming: Parts, world: Practice) -> Parts:
    """With toolsets of the operator's own."""
    file = world.app.settings.toolsets_file
    file.write_text("look: {tools: [sandbox_*], read_only: true}\nodd: {tools: [sandbox_append_row, gmail_request]}\n")
    return replace(naming, toolsets=Toolsets(naming.catalog, file))


async def named(client: Client) -> list[str]:
    """The names of the first page, without the meta tools."""
    names = [tool.name for tool in (await client.session.list_tools()).tools]
    meta = [name for name in META if name in names]
    assert names[: len(meta)] == meta
    assert set(META) - set(meta) <= {"connect_account"}  # which limited callers do not have
    return names[len(meta) :]


async def named_for(parts: Parts, who: Principal) -> list[str]:
    async with Client(make_server(parts, lambda: who)) as client:
        return await named(client)


@pytest.mark.parametrize(
    ("tools", "found"),
    [
        (("search",), []),
        (("look",), READS),
        (("odd", "look"), [*READS[:2], "sandbox_append_row", READS[2]]),
        (("gmail",), []),
    ],
)
async def test_the_mode_says_which_tools_are_listed_by_name(
    own: Parts, account: ConnectedAccount, tools: Sequence[str], found: Sequence[str]
) -> None:
    async with over_memory(replace(own, tools=tuple(tools)), NOWHERE, "legacy") as client:
        listed = await named(client)

    assert listed == list(found)


async def test_a_tool_that_is_not_listed_can_be_called_by_name(parts: Parts, account: ConnectedAccount) -> None:
    async with over_memory(parts, NOWHERE, "2026-07-28") as client:
        assert await named(client) == []
        called = await client.call_tool("sandbox_search_contacts", {"query": "bakery"})

    assert not called.is_error
    assert called.structured_content["account"] == account.id


@pytest.mark.parametrize("tools", [("search",), ("all",), ("gmail",)])
async def test_a_key_with_toolsets_has_their_tools_whatever_the_mode(
    own: Parts, account: ConnectedAccount, tools: tuple[str, ...]
) -> None:
    parts, who = replace(own, tools=tools), Principal(LOCAL_TENANT, "key_1", toolsets=("look",), operator=False)
    async with Client(make_server(parts, lambda: who)) as client:
        listed = await named(client)
        found = (await client.call_tool("search_tools", {"query": "append row", "limit": 50})).structured_content
        by_name = await client.call_tool("sandbox_append_row", {"row": ["a"]})
        executed = await client.call_tool(
            "execute_tool", {"connected_account_id": "acme", "tool_name": "sandbox_append_row", "tool_input": {}}
        )
        described = await client.call_tool("describe_tools", {"names": ["sandbox_append_row", READS[0]]})
        read = await client.call_tool("sandbox_list_rows", {})

    assert listed == READS
    assert {tool["name"] for tool in found["tools"]} <= set(READS)
    assert "not_connected" not in found
    assert by_name.structured_content["code"] == executed.structured_content["code"] == "not_allowed"
    assert described.structured_content["unknown"] == ["sandbox_append_row"]
    assert read.structured_content["data"] is not None


async def test_patterns_and_toolsets_of_a_key_must_both_admit_a_tool(own: Parts, account: ConnectedAccount) -> None:
    both = Principal(LOCAL_TENANT, "key_1", tools=("*_contacts", "*_row"), toolsets=("look",))
    gone = Principal(LOCAL_TENANT, "key_2", toolsets=("no_longer_there",))

    assert await named_for(own, both) == ["sandbox_search_contacts"]
    assert await named_for(own, gone) == []


async def test_a_key_for_other_accounts_is_listed_their_tools_only(own: Parts, account: ConnectedAccount) -> None:
    theirs, none = (Principal(LOCAL_TENANT, "key", frozenset({each})) for each in (account.id, "conn_other"))

    assert len(await named_for(own, theirs)) == 7
    assert await named_for(own, none) == []
    assert await named_for(own, Principal("tnt_stranger")) == []


@pytest.mark.parametrize(
    ("tools", "text", "error"),
    [(("gmial",), "", UnknownToolset), (("search",), "r: {tools: [gmial_*]}", BadToolsets)],
)
async def test_what_is_wrong_with_toolsets_is_said_at_the_start(
    world: Practice, parts: Parts, tools: tuple[str, ...], text: str, error: type[Exception]
) -> None:
    app = world.app
    app.settings.toolsets_file.write_text(text or "look: {tools: [gmail_*]}")
    toolsets = Toolsets(app.catalog, app.settings.toolsets_file)
    settings = app.settings.model_copy(update={"tools": tools})

    with pytest.raises(error, match="gmial"):
        mcp_parts(replace(app, settings=settings, toolsets=toolsets), parts.log)


@pytest.fixture
async def large(naming: Parts, world: Practice, account: ConnectedAccount, tmp_path: Path) -> Parts:
    """Accounts of three connectors with 84 tools each."""
    names = ("ant", "bee", "cow")
    catalog = Catalog([ledgers(tmp_path / "large", *names, tools=84)])
    for begin, name in enumerate(names):
        await many_accounts(world, replace(account, connector=name), 1, begin=begin)
    return replace(naming, catalog=catalog, toolsets=Toolsets(catalog))


async def pages(client: Client, cursor: str | None = None) -> list[list[str]]:
    found = list[list[str]]()
    while True:
        page = await client.session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        found.append([tool.name for tool in page.tools])
        if (cursor := page.next_cursor) is None:
            return found


@pytest.mark.parametrize("era", ERAS)
async def test_many_tools_come_in_pages_with_the_foremost_of_every_connector_first(large: Parts, era: str) -> None:
    async with over_memory(large, NOWHERE, era) as client:
        found = await pages(client)
        with pytest.raises(MCPError, match="Invalid cursor"):
            await client.session.list_tools(params=PaginatedRequestParams(cursor="no cursor"))

    everything = [name for page in found for name in page]
    assert [len(page) for page in found] == [PAGE, PAGE, 59]
    assert everything[:10] == [*META, "ant_tool_0000", "bee_tool_0000", "cow_tool_0000"]
    assert len(set(everything)) == 259


@pytest.mark.parametrize("era", ERAS)
async def test_a_cursor_stays_good_when_tools_come_and_go(large: Parts, world: Practice, era: str) -> None:
    async with over_memory(large, NOWHERE, era) as client:
        first = await client.session.list_tools()
        await world.app.accounts.remove(AccountKey(LOCAL_TENANT, "conn_many000002"))
        rest = [name for page in await pages(client, first.next_cursor) for name in page]

    seen = {tool.name for tool in first.tools}
    left = {f"{name}_tool_{number:04}" for name in ("ant", "cow") for number in range(84)}
    assert not seen & set(rest)
    assert {name for name in seen | set(rest) if name[:3] in {"ant", "cow"}} == left
    assert not [name for name in rest if name.startswith("bee")]


def uncached(parts: Parts) -> Server[object]:
    """The same server without what it keeps: the SDK makes every answer anew of the tools themselves."""
    server = make_server(parts, lambda: Principal(LOCAL_TENANT))
    lists, entry = server.middleware.pop(), server.get_request_handler("tools/list")
    assert isinstance(lists, WireLists)
    assert entry
    ours = entry.handler

    async def anew(context: Context, params: PaginatedRequestParams) -> ListToolsResult:
        found = await ours(context, params)
        assert isinstance(found, ListToolsResult)
        return found.model_copy(update={"tools": [lists.tool(tool.name) or tool for tool in found.tools]})

    server.add_request_handler("tools/list", PaginatedRequestParams, anew)
    return server


async def answers(server: Server[object], parts: Parts, path: Path, opening: JsonObject | None) -> list[bytes]:
    """What goes over the socket in answer to every page, asked for twice in one session."""
    meta: JsonObject = {f"{META_KEY}protocolVersion": ERAS[1], f"{META_KEY}clientCapabilities": {}}
    envelope: JsonObject = {} if opening else {"_meta": meta}
    found = list[bytes]()
    async with listening(path, server, parts.log), await anyio.connect_unix(path) as stream:
        lines = BufferedByteReceiveStream(stream)

        async def ask(method: str, params: JsonObject) -> bytes:
            asked = {"jsonrpc": "2.0", "id": len(found), "method": method, "params": {**params, **envelope}}
            await stream.send(json.dumps(asked).encode() + b"\n")
            return await lines.receive_until(b"\n", 1 << 20)

        if opening:
            await ask("initialize", opening)
        for _ in range(2):
            cursor: JsonObject | None = {}
            while cursor is not None:
                found.append(await ask("tools/list", cursor))
                following = json.loads(found[-1])["result"].get("nextCursor")
                cursor = {"cursor": following} if following else None
    return found


@pytest.mark.parametrize("version", [*HANDSHAKE_PROTOCOL_VERSIONS, None])
async def test_what_is_kept_goes_out_byte_by_byte_as_if_it_were_made_anew(
    large: Parts, tmp_path: Path, version: str | None
) -> None:
    opening = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    server = make_server(large, lambda: Principal(LOCAL_TENANT))

    kept = await answers(server, large, tmp_path / "kept" / "s", opening if version else None)
    anew = await answers(uncached(large), large, tmp_path / "anew" / "s", opening if version else None)

    assert len(kept) == 6
    assert kept == anew
    assert (b"ttlMs" in kept[0], b"serverInfo" in kept[0]) == (version is None, version is None)
