"""How a service hands out long lists, as data; the runtime follows it up to a limit within one call."""

from typing import Literal

from pydantic import Field, JsonValue, model_validator

from evergrant.catalog.declaration import Declaration, Pointer

MOST_ITEMS = 1000
LIMIT, CURSOR = "limit", "cursor"


class Pages(Declaration):
    """`by` says what leads to the next page.

    `cursor`: a text in the answer; `page` and `offset`: a number that we count; `link`: the Link header (RFC 8288);
    `url`: an address in the answer. A tool with pages takes `limit` and `cursor`; neither is declared as an input.
    """

    by: Literal["cursor", "page", "offset", "link", "url"]
    next: Pointer | None = None
    """Where the answer has the cursor or the address."""
    last: Pointer | None = None
    """Where the last item of a page has the cursor, in place of `next`."""
    more: Pointer | None = None
    """Where the answer says whether there are more; only `false` ends the list."""
    total: Pointer | None = None
    """Where the answer says how many there are."""
    parameter: str | None = None
    """The query parameter, or the body's member, that says where to go on; `$cursor` in a template instead."""
    size: str | None = None
    """The one that says how many; `$limit` in a template instead."""
    start: int = Field(default=1, ge=0)
    """The number of the first page."""
    most: int = Field(default=100, ge=1)
    """The largest page that the service gives."""
    default: int = Field(default=20, ge=1, le=MOST_ITEMS)
    """How many items a call returns that does not say."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Pages":
        if self.by in ("cursor", "url") and self.next is None and self.last is None:
            raise ValueError(f"by: {self.by} needs next, a pointer to it in the answer")
        if self.last is not None and (self.by != "cursor" or self.next is not None):
            raise ValueError("last stands in place of next, where pages go by cursor")
        return self

    def inputs(self, most: int = MOST_ITEMS) -> dict[str, dict[str, JsonValue]]:
        """What a caller may give: how many, at most so many, and where to go on."""
        return {
            LIMIT: {
                "type": "integer",
                "minimum": 1,
                "maximum": min(most, 10 * self.most),
                "default": min(most, self.default),
                "description": "How many to return.",
            },
            CURSOR: {"type": "string", "description": "Where to go on: next_cursor of the answer before."},
        }
