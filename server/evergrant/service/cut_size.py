"""How large a piece of a result is: in characters of its JSON, and on the wire."""

import json
from dataclasses import dataclass

from evergrant.model.json import Json

LARGEST_DATA = 850_000
"""Bytes of a page's data on the wire, in the text and in the structured content: the SDK's client refuses an event of
more than 1 MiB, and what is said of the page needs room."""
MOST_BYTES = 24
"""Of one character on the wire: a pair of surrogates, escaped, twice."""


def as_json_text(value: Json) -> str:
    """The JSON whose characters are counted."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Size:
    """What fits into an answer of `most` characters."""

    most: int

    def of(self, value: Json) -> int:
        """Characters of the value's JSON; more, in proportion, where its bytes on the wire are the stricter limit."""
        return self.of_text(as_json_text(value))

    def of_text(self, text: str) -> int:
        """As `of`, for JSON."""
        if self.most * MOST_BYTES <= LARGEST_DATA:
            return len(text)
        # ASCII with escapes is the largest form that the transports give it.
        return max(len(text), 2 * len(json.dumps(text)) * self.most // LARGEST_DATA)

    def fitting(self, text: str, room: int) -> int:
        """How many of the text's first characters have room, as a JSON string; one at least."""
        count = min(len(text), max(room, 1))
        while count > 1 and self.of(text[:count]) > room:
            count = count * 3 // 4
        return count
