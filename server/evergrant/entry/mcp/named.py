"""Named tools: the core tools of the connectors that a tenant has accounts of, each an MCP tool of its own.

A tool stays while its account does, whatever became of the grant: a tool that vanishes teaches an agent nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice, zip_longest

from mcp.types import Tool as WireTool

from evergrant.catalog.catalog import UnknownConnector, UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.wire_tool import account_argument, wire_tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.model.outcome import Failure, InvalidInput, NotFound, Outcome
from evergrant.service.standing import Standing

MOST_CHOICES = 20


class NamedTools:
    """The named tools of any tenant; what goes on the wire is made once per connector."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._of = lru_cache(maxsize=None)(self._make)

    def listed(self, who: Standing, connectors: Iterable[str]) -> list[WireTool]:
        """Of these connectors the tools that a caller may call; where there are too many, the first few of each."""
        rows = zip_longest(*(self._admitted(who, name) for name in sorted(set(connectors))))
        return list(islice((tool for tool in chain.from_iterable(rows) if tool), self._parts.most_named_tools))

    def _admitted(self, who: Standing, connector: str) -> list[WireTool]:
        made = self._of(connector)
        return [made[name] for name in who.tools(connector) if name in made] if made else []

    def find(self, name: str) -> tuple[str, WireTool] | None:
        """The connector and the tool of that name, whoever has accounts of it."""
        try:
            connector, _ = self._parts.catalog.tool(name)
        except UnknownTool:
            return None
        tool = self._of(connector).get(name)
        return (connector, tool) if tool else None

    async def call(
        self, who: Standing, accounts: Sequence[ConnectedAccount], name: str, arguments: Mapping[str, Json]
    ) -> Outcome:
        """Call the tool as the account that `arguments` names among `accounts`, or as the only one."""
        which = account_argument(self._parts.catalog.tool(name)[1])
        chosen = _choose(accounts, which, arguments.get(which))
        if isinstance(chosen, Failure):
            return chosen
        given = {key: value for key, value in arguments.items() if key != which}
        return await who.execute_as(chosen, name, given)

    def _make(self, connector: str) -> Mapping[str, WireTool]:
        try:
            title, tools = self._parts.catalog.connector(connector).name, self._parts.catalog.tools(connector)
        except (UnknownConnector, DeclarationError) as error:
            # An account outlives its connector's file; the other connectors' tools must stay usable.
            self._parts.log.warning("connector without tools", connector=connector, why=str(error))
            return {}
        return {name: wire_tool(connector, title, name, tool) for name, tool in tools.items() if tool.tier == "core"}


def _choose(accounts: Sequence[ConnectedAccount], which: str, wanted: Json) -> ConnectedAccount | Failure:
    choices = _choices(accounts)
    if wanted is None:
        return accounts[0] if len(accounts) == 1 else _ambiguous(which, choices)
    found = next((account for account in accounts if wanted in (account.id, account.alias)), None)
    return found or NotFound(
        what_happened="This tool has no such connected account.", what_to_do=f"Give one of these as {which}: {choices}."
    )


def _choices(accounts: Sequence[ConnectedAccount]) -> str:
    shown = [f"{account.alias} ({account.id}, {account.label})" for account in accounts[:MOST_CHOICES]]
    return ", ".join([*shown, *(["and more, see list_accounts"] if len(accounts) > MOST_CHOICES else [])])


def _ambiguous(which: str, choices: str) -> Failure:
    return InvalidInput(
        pointer=f"/{which}",
        what_happened="Several connected accounts have this tool, so it must be said which one is meant.",
        what_to_do=f"Call again with {which} set to one of these: {choices}. If you cannot tell, ask the person.",
    )
