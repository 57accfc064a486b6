"""Which tools a caller is listed, page by page: the meta tools, then the named ones that the mode or its key gives it.

A page depends on the caller's limits and connectors alone, so callers of equal ones share it.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from evergrant.catalog.tool import Tool
from evergrant.entry.mcp.named import NamedTools
from evergrant.entry.mcp.paging import Page, Place, page
from evergrant.entry.mcp.parts import Parts
from evergrant.model.principal import Principal
from evergrant.model.tool_mode import ALL, SEARCH
from evergrant.service.standing import Standing

MOST_PAGES = 1024
"""Kept at a time; a page is a hundred names."""


class Listing:
    """The lists of callers of any tenant."""

    def __init__(self, parts: Parts, named: NamedTools, meta: Callable[[Principal], Sequence[str]]) -> None:
        """`meta` names the meta tools of a caller, by its limits."""
        self._parts = parts
        self._named = named
        self._meta = meta
        self._page = lru_cache(maxsize=MOST_PAGES)(self._make)

    def changes(self, who: Principal) -> bool:
        """Whether the list can change: not where it is the meta tools alone."""
        return self._sets(who) != (SEARCH,)

    def page(self, who: Standing, connectors: tuple[str, ...], cursor: str | None) -> Page:
        """A page of the list for a caller with accounts of these connectors; raises MCPError -32602."""
        return self._page(who.limits, connectors, cursor)

    def _sets(self, who: Principal) -> tuple[str, ...]:
        return who.toolsets or self._parts.tools

    def _make(self, limits: Principal, connectors: tuple[str, ...], cursor: str | None) -> Page:
        meta = self._meta(limits)
        first = (Place(rank - len(meta), name) for rank, name in enumerate(meta))
        rest = (place for connector in connectors for place in self._places(limits, connector))
        return page([*first, *sorted(rest)], cursor)

    def _places(self, limits: Principal, connector: str) -> Iterator[Place]:
        """By its row in the connector's file, so that the first page has the foremost tools of every connector."""
        who, sets = self._parts.standing(limits), self._sets(limits)
        for row, (name, tool) in enumerate(self._named.of(connector).items()):
            if self._listed(sets, name, tool) and who.may_call(name, tool):
                yield Place(row, name)

    def _listed(self, sets: tuple[str, ...], name: str, tool: Tool) -> bool:
        if sets == (SEARCH,):
            return False
        return tool.tier == "core" if sets == (ALL,) else self._parts.toolsets.hold(sets, name, tool)
