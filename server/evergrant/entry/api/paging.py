"""Pages of the lists of `/v1`, by cursors that name the last one given: what comes or goes meanwhile shifts nothing."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from evergrant.entry.api.operation import Given
from evergrant.entry.api.problem import BadRequest
from evergrant.entry.api.query import DIGITS, Query

MOST = 100
CHECK = 9
"""Bytes of a cursor that tell whether it is one, and of this list."""
LONGEST_CURSOR = 512

T = TypeVar("T")


class Paged(Query):
    """Base of the queries of lists; other fields are what a list is narrowed by."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="How many at most."), DIGITS] = MOST
    cursor: Annotated[
        str | None, Field(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before, whole.")
    ] = None


class Page(Given):
    """Base of the answers of lists."""

    next_cursor: str | None = Field(description="Asks for the next page; null where this is the last.")


def page_of(
    query: Paged, read: Callable[[str | None, int], Sequence[T]], key: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """The page that a query asks for, and the cursor of the next one.

    `read` gives so many at most that come after a key in the list's one order, from its beginning for None. Keys are
    unique and stay what they are. Raises BadRequest for a cursor that this list, narrowed so, has not given.
    """
    found = read(_read(query) if query.cursor is not None else None, query.limit + 1)
    shown = found[: query.limit]
    return shown, _write(query, key(shown[-1])) if len(found) > len(shown) else None


def _write(query: Paged, key: str) -> str:
    return base64.urlsafe_b64encode(_check(query, key) + key.encode()).decode().rstrip("=")


def _read(query: Paged) -> str:
    text = query.cursor or ""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = content[CHECK:].decode()
    except (binascii.Error, UnicodeError, ValueError):
        key = ""
    if not key or _write(query, key) != text:
        raise BadRequest(
            "The cursor is not one of this list, asked for so.", "List from the beginning again.", "invalid_cursor"
        )
    return key


def _check(query: Paged, key: str) -> bytes:
    """It guards nobody: with a made-up cursor one would see a page of one's own list."""
    narrowed = query.model_dump_json(exclude={"limit", "cursor"})
    return hashlib.sha256(f"{type(query).__name__} {narrowed} {key}".encode()).digest()[:CHECK]
