"""`search_tools` and `describe_tools`."""

from collections.abc import Sequence
from typing import Annotated

from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from evergrant.catalog.catalog import Catalog, UnknownConnector, UnknownTool
from evergrant.catalog.search import Hit, summary
from evergrant.catalog.tool import Tool
from evergrant.entry.mcp import results
from evergrant.entry.mcp.meta import Input, meta_tool
from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.outcome import NotFound
from evergrant.service.standing import Standing

MOST_UNCONNECTED = 5
MOST_ACCOUNTS = 10
_LOOKS_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


class _Search(Input):
    query: Annotated[str, Field(description="A few words of what you want to do, such as: append row to sheet.")]
    connector: Annotated[str | None, Field(description="Only tools of this service.")] = None
    limit: Annotated[int, Field(description="How many tools to return.", ge=1, le=50)] = 10


class _Describe(Input):
    names: Annotated[list[str], Field(description="Exact tool names.", min_length=1, max_length=20)]


async def _search(parts: Parts, who: Standing, given: _Search) -> CallToolResult:
    if wrong := _unknown_connector(parts.catalog, given.connector):
        return wrong
    mine = set(who.connectors())
    wanted = {given.connector} if given.connector else set(parts.catalog.connectors())
    others = wanted - mine if who.principal.connects else set[str]()
    hits = await parts.search.find(given.query, given.limit, wanted & mine, who.may_call)
    elsewhere = await parts.search.find(given.query, MOST_UNCONNECTED, others, who.may_call)
    accounts = who.accounts_of({hit.connector for hit in hits}, MOST_ACCOUNTS + 1)
    return _found([_hit(hit, accounts[hit.connector]) for hit in hits], [_unconnected(hit) for hit in elsewhere])


SEARCH_TOOLS = meta_tool(
    "search_tools",
    "Search tools",
    "Find tools by what they do, over every service. Returns names for execute_tool, each with its effect and the "
    "connected accounts that have it; tools of services that are not connected yet come separately.",
    given=_Search,
    run=_search,
    hints=_LOOKS_ONLY,
)


async def _describe(_parts: Parts, who: Standing, given: _Describe) -> CallToolResult:
    known = {name: found for name in given.names if (found := _known(who, name))}
    accounts = who.accounts_of({connector for connector, _ in known.values()}, MOST_ACCOUNTS + 1)
    tools = [_description(name, connector, tool, accounts[connector]) for name, (connector, tool) in known.items()]
    unknown = [name for name in given.names if name not in known]
    if not tools:
        what_to_do = "Call search_tools with a few words of what you want to do; it gives exact names."
        missing = NotFound(what_happened=f"There is no tool called {', '.join(unknown)}.", what_to_do=what_to_do)
        return results.failed(missing)
    return results.data({"tools": tools, **({"unknown": unknown} if unknown else {})})


DESCRIBE_TOOLS = meta_tool(
    "describe_tools",
    "Describe tools",
    "Give the full description, input schema and an example of tools found with search_tools. Call it before the first "
    "execute_tool of a tool.",
    given=_Describe,
    run=_describe,
    hints=_LOOKS_ONLY,
)


def _unknown_connector(catalog: Catalog, connector: str | None) -> CallToolResult | None:
    try:
        if connector is not None:
            catalog.connector(connector)
    except UnknownConnector as error:
        return results.failed(NotFound(what_happened=str(error), what_to_do="Use one of these, or leave it out."))
    return None


def _found(tools: Sequence[JsonObject], unconnected: Sequence[JsonObject]) -> CallToolResult:
    more: JsonObject = {"not_connected": unconnected} if unconnected else {}
    if tools:
        return results.data({"tools": tools, **more})
    elsewhere = " Services that could be connected have some: see not_connected." if unconnected else ""
    note = f"No tool of a connected account matches.{elsewhere} Otherwise try other words."
    return results.data({"tools": [], "note": note, **more}, first=note)


def _hit(hit: Hit, accounts: Sequence[ConnectedAccount]) -> JsonObject:
    return {
        "name": hit.name,
        "description": summary(hit.tool),
        "effect": hit.tool.effect,
        **_having(accounts),
    }


def _unconnected(hit: Hit) -> JsonObject:
    connect = f"connect_account with connector={hit.connector}"
    return {"name": hit.name, "description": summary(hit.tool), "effect": hit.tool.effect, "connect": connect}


def _having(accounts: Sequence[ConnectedAccount]) -> JsonObject:
    """Of a connector the first accounts, and whether there are more: to count them would take longer the more."""
    mine = [{"id": each.id, "alias": each.alias} for each in accounts[:MOST_ACCOUNTS]]
    more: JsonObject = {"more_accounts": True} if len(accounts) > MOST_ACCOUNTS else {}
    return {"accounts": mine, **more}


def _known(who: Standing, name: str) -> tuple[str, Tool] | None:
    """The tool, where it is there for the caller."""
    try:
        connector, tool = who.catalog.tool(name)
    except UnknownTool:
        return None
    return (connector, tool) if who.may_call(name, tool) else None


def _description(name: str, connector: str, tool: Tool, accounts: Sequence[ConnectedAccount]) -> JsonObject:
    return {
        "name": name,
        "connector": connector,
        "description": tool.description,
        "effect": tool.effect,
        "scopes": tool.scopes,
        "input_schema": tool.input_schema,
        "example": tool.example,
        **_having(accounts),
    }
