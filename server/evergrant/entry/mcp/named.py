"""Named tools: the tools of the connectors that a caller has accounts of, each an MCP tool of its own.

A tool stays while its account does, whatever became of the grant: a tool that vanishes teaches an agent nothing. It
can be called whether it is listed or not, for a client may know its name from before.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from mcp.types import Tool as WireTool

from evergrant.catalog.catalog import UnknownConnector, UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Tool
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.wire_tool import account_argument, wire_tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.model.outcome import Failure, InvalidInput, NotFound, Outcome
from evergrant.service.standing import Standing

MOST_CHOICES = 20


class NamedTools:
    """The named tools of any tenant; each is made once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.of = lru_cache(maxsize=None)(self._readable)
        """The tools of a connector, by name in its file's order; none where the file is gone or faulty."""
        self._made = lru_cache(maxsize=None)(self._make)

    def tool(self, name: str) -> WireTool | None:
        """The tool of that name, whoever has accounts of it; None where there is none."""
        return self._made(name) if self._owner(name) else None

    async def call(self, who: Standing, name: str, arguments: Mapping[str, Json]) -> Outcome:
        """Call the tool as the account that `arguments` names, or as the only one of its connector.

        Raises MCPError -32602 where there is no such tool for the caller.
        """
        connector = self._owner(name)
        if connector is None:
            raise _unknown(name)
        which = account_argument(self.of(connector)[name])
        chosen = _named(who, connector, arguments.get(which)) or _only(who, connector, name, which, arguments)
        if isinstance(chosen, Failure):
            return chosen
        given = {key: value for key, value in arguments.items() if key != which}
        return await who.execute_as(chosen, name, given)

    def _owner(self, name: str) -> str | None:
        try:
            return self._parts.catalog.tool(name)[0]
        except (UnknownTool, DeclarationError):
            return None

    def _readable(self, connector: str) -> Mapping[str, Tool]:
        try:
            return self._parts.catalog.tools(connector)
        except (UnknownConnector, DeclarationError) as error:
            # An account outlives its connector's file; the other connectors' tools must stay usable.
            self._parts.log.warning("connector without tools", connector=connector, why=str(error))
            return {}

    def _make(self, name: str) -> WireTool:
        connector, tool = self._parts.catalog.tool(name)
        return wire_tool(connector, self._parts.catalog.connector(connector).name, name, tool)


def _named(who: Standing, connector: str, wanted: Json) -> ConnectedAccount | None:
    found = who.account(wanted) if isinstance(wanted, str) else None
    return found if found and found.connector == connector else None


def _only(
    who: Standing, connector: str, name: str, which: str, arguments: Mapping[str, Json]
) -> ConnectedAccount | Failure:
    """The caller's only account of the connector, where none is asked for by name."""
    accounts = who.accounts_of([connector], MOST_CHOICES + 1)[connector]
    if not accounts:
        raise _unknown(name)
    choices = _choices(accounts)
    if arguments.get(which) is None:
        return accounts[0] if len(accounts) == 1 else _ambiguous(which, choices)
    return NotFound(
        what_happened="This tool has no such connected account.", what_to_do=f"Give one of these as {which}: {choices}."
    )


def _unknown(name: str) -> MCPError:
    return MCPError(INVALID_PARAMS, f"Unknown tool: {name}. Call search_tools to find the right name.")


def _choices(accounts: Sequence[ConnectedAccount]) -> str:
    shown = [f"{account.alias} ({account.id}, {account.label})" for account in accounts[:MOST_CHOICES]]
    return ", ".join([*shown, *(["and more, see list_accounts"] if len(accounts) > MOST_CHOICES else [])])


def _ambiguous(which: str, choices: str) -> Failure:
    return InvalidInput(
        pointer=f"/{which}",
        what_happened="Several connected accounts have this tool, so it must be said which one is meant.",
        what_to_do=f"Call again with {which} set to one of these: {choices}. If you cannot tell, ask the person.",
    )
