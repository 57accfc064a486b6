"""What `tools/list` puts on the wire: each tool's form is made once for a version of the protocol, and used again.

The SDK checks a hundred tools again for every page that it sends. It is given their names alone, so that what it adds
to a result is its own, and then the tools take their places.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from mcp.server.context import CallNext, HandlerResult
from mcp.types import ListToolsResult, Tool
from mcp_types.methods import serialize_server_result
from structlog.typing import FilteringBoundLogger

from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.wall import Wall

LIST = "tools/list"


def named_only(names: Iterable[str]) -> list[Tool]:
    """Tools of which a result has the names, for WireLists to fill in."""
    return [Tool(name=name, input_schema={"type": "object"}) for name in names]


class WireLists:
    """Middleware of a server whose lists have only names."""

    def __init__(self, tool: Callable[[str], Tool | None], log: FilteringBoundLogger) -> None:
        """`tool` gives the tool of a listed name; one that it does not know goes out as it is."""
        self.tool = tool
        self._log = log
        self._form = lru_cache(maxsize=None)(self._made)

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method != LIST or not isinstance(result, dict):
            return result
        with Wall(self._log, LIST) as wall:
            result["tools"] = [self._form(ctx.protocol_version, tool["name"]) or tool for tool in result["tools"]]
            return result
        raise wall.error()

    def _made(self, version: str, name: str) -> Mapping[str, Any] | None:
        tool = self.tool(name)
        if tool is None:
            return None
        listed = ListToolsResult(tools=[tool]).model_dump(by_alias=True, mode="json", exclude_none=True)
        form: Mapping[str, Any] = serialize_server_result(LIST, version, listed)["tools"][0]
        return form
