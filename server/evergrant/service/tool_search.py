"""Tools found by words, over every connector that can be read."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

import anyio.to_thread

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.search import Entry, Hit, Index, build, search
from evergrant.catalog.tool import Tool


class ToolSearch:
    """Searches a catalogue; its index is made at the first search."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def find(
        self, query: str, limit: int, connectors: Collection[str], may_call: Callable[[str, Tool], bool]
    ) -> Sequence[Hit]:
        """The best `limit` tools of these connectors that `may_call` admits, best first."""
        index = await anyio.to_thread.run_sync(lambda: self._index)
        return search(index, query, limit, connectors, may_call)

    @cached_property
    def _index(self) -> Index:
        return build(self._entries())

    def _entries(self) -> Iterator[Entry]:
        for connector in self._catalog.connectors():
            try:
                tools = self._catalog.tools(connector)
            except DeclarationError:
                continue  # one faulty file of a user's own must not take the search of all others away
            yield from ((connector, name, tool) for name, tool in tools.items())
