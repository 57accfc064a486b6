"""The operations that the code of Microsoft's generator of clients has."""

import ast
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from tests.contracts.annotations import NOTHING, node
from tests.contracts.clients import joined
from tests.contracts.contract import Description
from tests.contracts.operation import Operation, Schema

from evergrant.model.json import JsonObject

BODY: Final = re.compile(r"def to_([a-z]+)_request_information\(self,\s*body: (\w+)")


def kiota(description: Description, text: str, types: JsonObject) -> Iterator[Operation]:
    """A request builder of Microsoft's generator: a URI template (RFC 6570) with its query, and the methods."""
    template = re.search(r"""(["'])\{\+baseurl\}(.*?)\1""", text)
    if template is None:
        return
    path, _, query = re.sub(r"\{\?", "?{", template[2]).partition("?")
    listed = [name for each in re.findall(r"\{&?([^{}]*)\}", query) for name in each.split(",")]
    names = frozenset(unquote(name).rstrip("*") for name in listed)
    bodies = dict(BODY.findall(text))
    for method in sorted(set(re.findall(r"Method\.([A-Z]+)\b", text))):
        body = _body(bodies.get(method.lower()), types) if types else None
        yield Operation(method, joined(description.base, unquote(path)), names, body)


def _body(name: str | None, types: JsonObject) -> Schema | None:
    body = Schema(NOTHING if name is None else node(ast.Name(id=name), types), types)
    return body if body.members() is not None else None
