"""`get_result_page`."""

from typing import Annotated

from mcp.types import ToolAnnotations
from pydantic import Field

from evergrant.entry.mcp import envelope, results
from evergrant.entry.mcp.meta import Answer, Input, meta_tool
from evergrant.entry.mcp.parts import Parts
from evergrant.model.outcome import Failure
from evergrant.service.standing import Standing


class _Page(Input):
    result_id: Annotated[str, Field(description="The result_id of a truncated result.")]
    cursor: Annotated[str | None, Field(description="Its next_cursor; leave it out for the first page.")] = None


async def _page(parts: Parts, who: Standing, given: _Page) -> Answer:
    page = parts.pages.page(who, given.result_id, given.cursor)
    return page if isinstance(page, Failure) else results.data(envelope.part(page, declared=True))


GET_RESULT_PAGE = meta_tool(
    "get_result_page",
    "Get a page of a result",
    "Get the next part of a result that came truncated. It reads what Evergrant kept for an hour, and asks the service "
    "nothing, so a page can be had again.",
    given=_Page,
    gives=envelope.schema({}),
    run=_page,
    hints=ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
)
