"""Which page comes next, and how its request says so.

A caller's `cursor` is the service's own where it has one. Where pages are counted it is `3:50`, the page's number and
size, or the offset; where the service gives an address it is that address's query, and what its path has beyond ours.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from evergrant.calls.plain_codecs import as_text
from evergrant.calls.values import BadValue
from evergrant.catalog.pages import CURSOR, LIMIT, Pages
from evergrant.catalog.template import names
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject, at, text_at

ONWARD = re.compile(r"(?:/(?!\.{1,2}[/?])[A-Za-z0-9._~-]+)*(?:\?[!$-~]{1,4000})?")
"""What an address has beyond a tool's own: more segments, none of them a step up, and a query."""
LONGEST_CURSOR = 4000


@dataclass(frozen=True, slots=True)
class Turn:
    """What the request for one page says beside the tool's input."""

    values: JsonObject = field(default_factory=dict[str, Json])
    """`cursor` and `limit`, as templates know them."""
    pairs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Parameters that no template names."""
    onward: str | None = None
    """In place of a query: where the service itself said to go on."""
    size: int = 0
    """How many items are asked for."""
    number: int = 0
    """The number of the page, or the offset."""


FIRST = Turn()


def opening(tool: Tool, given: JsonObject) -> Turn:
    """The first page that a caller wants; raises BadValue for a cursor that no answer gave."""
    if tool.pages is None:
        return FIRST
    limit, cursor = given.get(LIMIT), given.get(CURSOR)
    wanted = limit if isinstance(limit, int) else tool.pages.default
    return turn(tool, tool.pages, wanted, as_text(cursor) if cursor is not None else None)


def turn(tool: Tool, pages: Pages, wanted: int, cursor: str | None) -> Turn:
    """The page where `cursor` leads, the first without one, when so many more items are wanted; raises BadValue."""
    if cursor is not None and not 0 < len(cursor) <= LONGEST_CURSOR:
        raise _no_cursor()
    size = min(wanted, pages.most)
    match pages.by:
        case "cursor":
            return _told(tool, pages, cursor, size)
        case "offset":
            offset = _number(cursor or "0")
            return _told(tool, pages, offset or None, size, offset)
        case "page":
            number, _, asked = (cursor or f"{pages.start}:{_even(wanted, pages.most)}").partition(":")
            at_most = min(_number(asked or str(size)), pages.most)
            page = _number(number)
            return _told(tool, pages, page if page != pages.start else None, at_most, page)
        case _:
            if cursor is None:
                return _told(tool, pages, None, _even(wanted, pages.most))
            if not ONWARD.fullmatch(cursor):
                raise _no_cursor()
            return Turn(onward=cursor)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that has come: from where, with what beside its body, what was in it, and how many items."""

    url: str
    response: httpx2.Response
    answer: Json
    count: int
    last: Json = None
    """Its last item, as the service gives it."""


def following(pages: Pages, now: Turn, page: Page) -> str | None:
    """The cursor of the page after this one; None where it was the last."""
    answer, count = page.answer, page.count
    if pages.more is not None and at(answer, pages.more) is False:
        return None
    match pages.by:
        case "cursor":
            return _cursor(pages, now, page)
        case "link":
            return _onward(page.url, page.response.links.get("next", {}).get("url"))
        case "url":
            return _onward(page.url, text_at(answer, pages.next or ""))
        case "offset":
            return str(now.number + count) if _is_full(pages, answer, now, now.number + count, count) else None
        case _:
            seen = (now.number - pages.start) * now.size + count
            return f"{now.number + 1}:{now.size}" if _is_full(pages, answer, now, seen, count) else None


def _cursor(pages: Pages, now: Turn, page: Page) -> str | None:
    if pages.last is None:
        return text_at(page.answer, pages.next or "") or None
    # A page that is not full is the last one, unless the answer says whether there are more.
    is_end = page.count == 0 or (pages.more is None and page.count < now.size)
    return None if is_end else text_at(page.last, pages.last)


def _is_full(pages: Pages, answer: Json, now: Turn, seen: int, count: int) -> bool:
    """Whether there may be more: as the answer says, else as long as pages come full."""
    if count == 0:
        return False
    total = at(answer, pages.total) if pages.total is not None else None
    if isinstance(total, int):
        return seen < total
    return pages.more is not None or count >= now.size


def _told(tool: Tool, pages: Pages, place: Json, size: int, number: int = 0) -> Turn:
    named = names(tool.query) | names(tool.body)
    values: dict[str, Json] = {LIMIT: size, **({CURSOR: place} if place is not None else {})}
    pairs: dict[str, Json] = {}
    if pages.parameter and CURSOR not in named and place is not None:
        pairs[pages.parameter] = place
    if pages.size and LIMIT not in named:
        pairs[pages.size] = size
    return Turn(values, pairs, size=size, number=number)


def _even(wanted: int, most: int) -> int:
    """A size in which so many items come in the fewest pages, all of one size."""
    return math.ceil(wanted / math.ceil(wanted / most))


def _onward(ours: str, theirs: str | None) -> str | None:
    """What the next address has beyond ours."""
    if not theirs:
        return None
    own, following = urlsplit(ours), urlsplit(theirs)
    path = following.path[len(own.path) :] if following.path.startswith(f"{own.path}/") else ""
    onward = f"{path}?{following.query}" if following.query else path
    return onward if onward and ONWARD.fullmatch(onward) else None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _no_cursor()
    return int(text)


def _no_cursor() -> BadValue:
    return BadValue("cursor must be the next_cursor of an answer before; leave it out to begin at the start")
