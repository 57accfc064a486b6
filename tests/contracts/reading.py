"""The operations of a description, whatever its kind."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import yaml
from tests.contracts.clients import client, joined
from tests.contracts.contract import Description, Kind
from tests.contracts.kiota import kiota
from tests.contracts.operation import Operation, Schema
from tests.contracts.packages import files
from tests.contracts.python_calls import calls
from tests.contracts.python_types import types_in
from tests.contracts.typescript import endpoints

from evergrant.model.json import Json, JsonObject, at

METHODS: Final = ("get", "post", "put", "patch", "delete")


def operations(description: Description) -> list[Operation]:
    """All that it describes (none for GraphQL, which `graphql.py` checks); raises Unreachable, LookupError."""
    if description.kind == "typescript":
        return list(endpoints(description, files(description)))
    if typed := _TYPED.get(description.kind):
        types = types_in(files(description, description.types) if description.types else [])
        return [one for file in files(description) for one in typed(description, file.read_text("utf-8"), types)]
    read = _READERS[description.kind]
    return [operation for file in files(description) for operation in read(description, file)]


def document(file: Path) -> Json:
    """JSON or YAML."""
    text = file.read_text(encoding="utf-8")
    return cast("Json", json.loads(text) if file.suffix == ".json" else yaml.load(text, yaml.CSafeLoader))


def _discovery(description: Description, file: Path) -> Iterator[Operation]:
    """https://developers.google.com/discovery/v1/reference/apis"""
    whole = document(file)
    shared = _named(at(whole, "/parameters"))
    for method in _methods_of(whole):
        query = shared | frozenset(
            name for name, one in _mapping(method.get("parameters")).items() if at(one, "/location") == "query"
        )
        body = Schema(request, whole) if (request := method.get("request")) else None
        path = str(method.get("flatPath", method["path"]) if "{+" not in str(method["path"]) else method["path"])
        yield Operation(str(method["httpMethod"]), joined(description.base, path), query, body)
        uploads = at(method, "/mediaUpload/protocols/simple/path")
        if isinstance(uploads, str):
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(description.base))
            yield Operation(str(method["httpMethod"]), origin + uploads, query | {"uploadType"}, body)


def _methods_of(node: Json) -> Iterator[JsonObject]:
    for method in _mapping(at(node, "/methods")).values():
        yield _mapping(method)
    for resource in _mapping(at(node, "/resources")).values():
        yield from _methods_of(resource)


def _openapi(description: Description, file: Path) -> Iterator[Operation]:
    """OpenAPI 3.x and Swagger 2."""
    whole = document(file)
    for path, item in _mapping(at(whole, "/paths")).items():
        shared = _parameters(whole, item)
        for name in METHODS:
            if one := _mapping(at(item, f"/{name}")):
                given = [*shared, *_parameters(whole, one)]
                query = frozenset(str(each["name"]) for each in given if each.get("in") == "query")
                yield Operation(name.upper(), joined(description.base, path), query, _body(whole, one, given))


def _parameters(whole: Json, node: Json) -> list[JsonObject]:
    listed = at(node, "/parameters")
    return [_followed(whole, each) for each in (listed if isinstance(listed, list) else [])]


def _followed(whole: Json, node: Json) -> JsonObject:
    reference = at(node, "/$ref")
    return _mapping(at(whole, reference.removeprefix("#")) if isinstance(reference, str) else node)


def _body(whole: Json, one: JsonObject, given: list[JsonObject]) -> Schema | None:
    content = _mapping(_followed(whole, one.get("requestBody")).get("content"))
    schemas: list[Json] = [schema for each in content.values() if (schema := _mapping(each).get("schema"))]
    schemas += [each["schema"] for each in given if each.get("in") == "body"]
    form: JsonObject = {str(each["name"]): dict(each) for each in given if each.get("in") == "formData"}
    if form:
        schemas.append({"properties": form})
    return Schema({"anyOf": schemas}, whole) if schemas else None


def _graphql(_description: Description, _file: Path) -> Iterator[Operation]:
    return iter(())


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _named(value: Json) -> frozenset[str]:
    return frozenset(_mapping(value))


_READERS: Final[Mapping[Kind, Callable[[Description, Path], Iterator[Operation]]]] = {
    "discovery": _discovery,
    "openapi": _openapi,
    "swagger": _openapi,
    "client": client,
    "graphql": _graphql,
}
_TYPED: Final[Mapping[Kind, Callable[[Description, str, JsonObject], Iterator[Operation]]]] = {
    "python": calls,
    "kiota": kiota,
}
