"""`<service>_request`: a tool whose path and query the caller names, within what is declared. Reads only, by default.

Many services change things on a GET (Slack), or read with a POST (GraphQL), so `paths` says what may be asked, and a
GraphQL document may only query.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import field_validator

from evergrant.catalog.declaration import Declaration
from evergrant.model.json import Json

_STRINGS = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*')
_WORD = re.compile(r"[{}()]|[_A-Za-z][_0-9A-Za-z]*")


class Passthrough(Declaration):
    """What a caller may ask of an API that no tool covers."""

    methods: tuple[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], ...] = ("GET",)
    paths: tuple[str, ...] = ()
    """Patterns, of which one must fit the whole path; none means any path beneath `base_url`."""
    graphql: str | None = None
    """The path of a GraphQL endpoint: the caller gives a query and its variables in place of path and query."""

    @field_validator("paths")
    @classmethod
    def _are_patterns(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in paths:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"not a regular expression: {pattern}: {error}") from None
        return paths

    @property
    def only_reads(self) -> bool:
        return self.methods == ("GET",)

    def admits(self, path: str) -> bool:
        """Whether a path may be asked."""
        return not self.paths or any(re.fullmatch(pattern, path) for pattern in self.paths)


def written_out(tools: Mapping[str, Json]) -> dict[str, Json]:
    """The tools of a file with the keys that a passthrough implies and does not write."""
    return {
        name: {**_implied(tool["passthrough"]), **tool} if isinstance(tool, Mapping) and "passthrough" in tool else tool
        for name, tool in tools.items()
    }


def _implied(passthrough: Json) -> dict[str, Json]:
    given: Mapping[str, Json] = passthrough if isinstance(passthrough, Mapping) else {}
    graphql, methods = given.get("graphql"), given.get("methods", ["GET"])
    if isinstance(graphql, str):
        return {"request": f"POST {graphql}", "input": _graphql_inputs(), "required": ["document"], **_IMPLIED}
    reads = methods == ["GET"]
    effect: dict[str, Json] = {} if reads else {"effect": "destroy"}
    inputs = _rest_inputs(None if reads else methods)
    return {"request": "GET /" if reads else "POST /", "input": inputs, "required": ["path"], **_IMPLIED, **effect}


_IMPLIED: Mapping[str, Json] = {"effect": "read", "tier": "extended"}


def _rest_inputs(methods: Json) -> dict[str, Json]:
    inputs: dict[str, Json] = {
        "path": {"type": "string", "pattern": "^/[^?#]*$", "description": "Path of the API, without query."},
        "query": {"type": "object", "description": "Query parameters by name.", "additionalProperties": True},
    }
    if methods:
        inputs["method"] = {"type": "string", "enum": methods, "default": "GET", "description": "HTTP method."}
        inputs["body"] = {"type": "object", "description": "Body, for methods with one.", "additionalProperties": True}
    return inputs


def _graphql_inputs() -> dict[str, Json]:
    return {
        "document": {"type": "string", "minLength": 2, "description": "A GraphQL query; mutations are refused."},
        "variables": {"type": "object", "description": "Its variables by name.", "additionalProperties": True},
    }


def is_query(document: str) -> bool:
    """Whether a GraphQL document holds queries and fragments only (GraphQL 2.3), no mutation or subscription."""
    return all(word in ("query", "fragment") for word in _definitions(_STRINGS.sub(" ", document)))


def _definitions(text: str) -> Iterator[str]:
    """The first word of each definition; the short form of a query, which begins with a brace, has none."""
    depth, fresh = 0, True
    for word in _WORD.findall(text):
        if word in "{(":
            depth += 1
            fresh = False
        elif word in "})":
            depth -= 1
            fresh = depth == 0 and word == "}"
        elif depth == 0 and fresh:
            yield word
            fresh = False
