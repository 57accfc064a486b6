"""Pages of a list of tools, by a cursor that stays good when the list changes."""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Sequence

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, Tool

PAGE = 100


def page(first: Sequence[Tool], rest: Sequence[Tool], cursor: str | None) -> tuple[list[Tool], str | None]:
    """At most PAGE tools from `first` in its order, then `rest` by name, and the cursor of the next page.

    The cursor names the last tool given, so tools that come or go meanwhile shift nothing. Raises MCPError -32602.
    """
    ranks = {tool.name: rank for rank, tool in enumerate(first)}

    def key(name: str) -> tuple[int, str]:
        return ranks.get(name, len(ranks)), name

    tools = sorted([*first, *rest], key=lambda tool: key(tool.name))
    start = bisect_right(tools, key(_read(cursor)), key=lambda tool: key(tool.name)) if cursor else 0
    shown = tools[start : start + PAGE]
    more = start + PAGE < len(tools)
    return shown, _write(shown[-1].name) if more else None


def _write(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _read(cursor: str) -> str:
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise MCPError(INVALID_PARAMS, "Invalid cursor. List from the beginning again.") from None
