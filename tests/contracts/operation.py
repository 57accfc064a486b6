"""What a description says of one operation, in the same form for every kind of description."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from evergrant.model.json import Json, JsonObject, at

PLACEHOLDER: Final = re.compile(r"\{(\+?)[^{}]*\}")
DEEPEST: Final = 12


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema of OpenAPI, Swagger or Discovery, as far as names of members go."""

    node: Json
    document: Json

    def members(self) -> Mapping[str, "Schema"] | None:
        """Those that an object may have; None where it may have any."""
        found = dict[str, list[Json]]()
        for node in self._alternatives(self.node):
            properties = node.get("properties")
            if node.get("additionalProperties") or (not properties and _may_be_object(node)):
                return None
            if isinstance(properties, Mapping):
                for name, part in properties.items():
                    found.setdefault(name, []).append(part)
        return {name: Schema({"anyOf": parts}, self.document) for name, parts in found.items()}

    def is_list(self) -> bool:
        return any("items" in node for node in self._alternatives(self.node))

    def element(self) -> "Schema":
        """The schema of a list's elements."""
        lists: list[Json] = [node["items"] for node in self._alternatives(self.node) if "items" in node]
        return Schema({"anyOf": lists} if lists else {}, self.document)

    def _alternatives(self, node: Json, depth: int = 0) -> Iterator[JsonObject]:
        if not isinstance(node, Mapping) or depth > DEEPEST:
            return
        if isinstance(reference := node.get("$ref"), str):
            yield from self._alternatives(self._referred(reference), depth + 1)
            return
        several = [part for key in ("allOf", "anyOf", "oneOf") for part in _listed(node.get(key))]
        if not several or "properties" in node:
            yield node
        for part in several:
            yield from self._alternatives(part, depth + 1)

    def _referred(self, reference: str) -> Json:
        pointer = reference.removeprefix("#") if reference.startswith("#") else f"/schemas/{reference}"
        return at(self.document, pointer)


@dataclass(frozen=True)
class Operation:
    """One method at one path."""

    method: str
    """`*` where the description does not tell."""
    url: str
    """With `{placeholders}`; `{+one}` may stand for several segments."""
    query: frozenset[str] | None = None
    """The names of its parameters; None where the description does not tell."""
    body: Schema | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What addresses of it look like."""
        text, end = "", 0
        for found in PLACEHOLDER.finditer(self.url):
            text += re.escape(self.url[end : found.start()]) + (".+" if found[1] else "[^/:]+")
            end = found.end()
        return re.compile(text + re.escape(self.url[end:]))

    @cached_property
    def literal(self) -> int:
        """How many characters of its address are written out."""
        return len(PLACEHOLDER.sub("", self.url))

    def is_at(self, method: str, address: str) -> bool:
        return self.method in ("*", method) and self.pattern.fullmatch(address) is not None


def _listed(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def _may_be_object(node: JsonObject) -> bool:
    kind = node.get("type", "object")
    return "object" in kind if isinstance(kind, list) else kind in ("object", "any")
