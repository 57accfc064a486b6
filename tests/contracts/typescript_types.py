"""The types that TypeScript declares, as the JSON Schema that `Schema` reads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evergrant.model.json import Json, JsonObject

DECLARED: Final = re.compile(r"\btype (\w+) = ")
TOKEN: Final = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w$.-]+|\[\]|.)""", re.DOTALL)
PLAIN: Final = ("string", "number", "boolean", "null", "undefined", "object", "true", "false")


def types_in(text: str) -> JsonObject:
    """Each `type X = ...`, by name."""
    return {found[1]: type_of(text[found.end() :]) for found in DECLARED.finditer(text)}


def type_of(text: str) -> JsonObject:
    """The type that a text begins with."""
    reader = _Reader(TOKEN.finditer(text))
    reader.next()
    return reader.union()


@dataclass
class _Reader:
    """Reads a type from tokens, one ahead."""

    tokens: Iterator[re.Match[str]]
    ahead: str = ""

    def next(self) -> str:
        """The token ahead; the one after it is ahead then."""
        token, found = self.ahead, next(self.tokens, None)
        self.ahead = found[1] if found else ""
        return token

    def _taken(self, *wanted: str) -> bool:
        return self.ahead in wanted and bool(self.next())

    def union(self) -> JsonObject:
        """`A | B & C`: as far as names go, both are all of their members."""
        parts: list[Json] = [self._list()]
        while self._taken("|", "&"):
            parts.append(self._list())
        return {"anyOf": parts}

    def _list(self) -> JsonObject:
        found = self._single()
        while self._taken("[]"):
            found = {"type": "array", "items": found}
        return found

    def _single(self) -> JsonObject:
        if self._taken("{"):
            return {"properties": dict(self._members())}
        if self._taken("("):
            inner = self.union()
            self._taken(")")
            return inner
        name = self.next()
        known = name[:1] in "\"'-" or name[:1].isdigit() or name in PLAIN
        return {"type": "string"} if known else {"$ref": f"#/{name}"}

    def _members(self) -> Iterator[tuple[str, Json]]:
        while not self._taken("}", ""):
            name = self.next().strip("\"'")
            self._taken("?")
            self._taken(":")
            yield name, self.union()
            self._taken(";", ",")
