"""Pages of a list of tools, by a cursor that stays good when the list changes."""

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS

PAGE = 100
_PLACE = re.compile(r"(-?[0-9]{1,6}) ([a-z0-9_]{1,100})")


class Place(NamedTuple):
    """Where a tool stands in every list that has it; lists are in this order."""

    row: int
    name: str


class Page(NamedTuple):
    """The names of a page's tools, and the cursor of the page after it."""

    names: tuple[str, ...]
    following: str | None


def page(places: Sequence[Place], cursor: str | None) -> Page:
    """At most PAGE tools after the cursor, of `places` in order.

    The cursor is the place of the last tool given, so tools that come or go meanwhile shift nothing. Raises MCPError
    -32602.
    """
    start = bisect_right(places, _read(cursor)) if cursor else 0
    shown = places[start : start + PAGE]
    more = start + PAGE < len(places)
    return Page(tuple(place.name for place in shown), _write(shown[-1]) if more else None)


def _write(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.row} {place.name}".encode()).decode()


def _read(cursor: str) -> Place:
    try:
        text = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    if found := _PLACE.fullmatch(text):
        return Place(int(found[1]), found[2])
    raise MCPError(INVALID_PARAMS, "Invalid cursor. List from the beginning again.")
