"""What a call came to, handed to its agent: whole where it is small, else its first page; of the form that is declared.

Clients refuse a result that does not fit its tool's output schema, so data of another form takes another place in it.
"""

from dataclasses import dataclass

from mcp.types import CallToolResult
from structlog.typing import FilteringBoundLogger

from evergrant.catalog.catalog import Catalog, UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.entry.mcp import envelope, results
from evergrant.model.json import Json
from evergrant.model.outcome import Failure, Outcome, Result
from evergrant.service.result_pages import ResultPages
from evergrant.service.standing import Standing


@dataclass(frozen=True, slots=True)
class Handover:
    """Makes tool results of outcomes; it keeps what is too large."""

    catalog: Catalog
    pages: ResultPages
    log: FilteringBoundLogger

    async def of(self, who: Standing, outcome: Outcome) -> CallToolResult:
        """The tool result of an outcome; a failure is an `isError` result that says what to do."""
        if isinstance(outcome, Failure):
            return results.failed(outcome)
        text, clean = results.as_text(envelope.whole(outcome, outcome.content, declared=True))
        if len(text) > self.pages.most:
            page = await self.pages.first(who, outcome)
            declared = not page.cut.is_data or self._is_declared(outcome, page.cut.value)
            return results.data(envelope.part(page, declared=declared))
        first = outcome.note if outcome.empty else None
        if self._is_declared(outcome, clean[envelope.DATA]):
            return results.made(text, clean, first)
        return results.data(envelope.whole(outcome, outcome.content, declared=False), first)

    def _is_declared(self, result: Result, data: Json) -> bool:
        """Whether data is of the form that its tool declares, or the tool declares none."""
        if result.tool_name is None:
            return True
        try:
            fits = self.catalog.tool(result.tool_name)[1].form
        except (UnknownTool, DeclarationError):
            return True
        if fits is None or fits(data):
            return True
        self.log.warning("a result of another form than its tool declares", tool=result.tool_name)
        return False
