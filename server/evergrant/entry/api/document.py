"""The OpenAPI 3.1 document of `/v1`, made from what its routes say of themselves."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from evergrant.entry.api.idempotency_key import HEADER, PATTERN
from evergrant.entry.api.operation import Described, Operation
from evergrant.entry.api.problem import Problem
from evergrant.entry.api.query import Query
from evergrant.model.json import Json, JsonObject

IN_PATH = re.compile(r"\{(\w+)\}")
PLACE = "#/components/schemas/"
ALWAYS = (400, 401, 403, 421, 429, 503)
"""Statuses that every route may answer: a wrong query, no good token, too little of one, another host, too much asked,
and a vault that cannot be used."""
OF_BODIES, OF_KEYS = (413, 415), (409, 413, 422)
BEARER: JsonObject = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, or an access token of the operator's issuer with the scope that the operation names. "
    "Which issuer that is, `/.well-known/oauth-protected-resource` says (RFC 9728), and so does the header "
    "`WWW-Authenticate` of a 401.",
}
CHALLENGE: JsonObject = {
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}, "description": "RFC 6750, RFC 9728."}
}
KEY: JsonObject = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Of your making, one for each thing to be done: the same request under the same key is answered "
    "again for 24 hours and not done again.",
    "schema": {"type": "string", "pattern": PATTERN},
}
ABOUT = """Errors are problem documents (RFC 9457): `code` is stable and for programs, `title` says what happened and
`detail` what to do. Lists have pages: ask again with `cursor` set to the `next_cursor` of the page before. Answers may
get further members; a query or a body with members that are not known is refused."""


class Plain(GenerateJsonSchema):
    """Titles that only repeat a name are left out."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  (pydantic's own signature)
        return False


def document(routes: Sequence[Described], version: str) -> JsonObject:
    """The document of these routes."""
    models: set[type[BaseModel]] = {Problem}
    models.update(model for route in routes for model in _models(route.operation))
    ordered = sorted(models, key=lambda model: (model.__module__, model.__name__))
    named, defined = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=PLACE + "{model}", schema_generator=Plain
    )
    refs = {model: named[model, "validation"] for model in ordered}
    paths: dict[str, dict[str, JsonObject]] = {}
    for route in sorted(routes, key=lambda route: route.path):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Evergrant", "version": version, "description": ABOUT.replace("\n", " ")},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({route.operation.tag for route in routes})],
        "paths": paths,
        "components": {"schemas": defined["$defs"], "securitySchemes": {"bearer": BEARER}},
    }


def statuses(operation: Operation, method: str) -> Sequence[int]:
    """Those of its problems."""
    of_bodies = OF_BODIES if operation.takes else ()
    of_keys = OF_KEYS if operation.honours_key(method) else ()
    return sorted({*ALWAYS, *of_bodies, *of_keys, *operation.errors})


def _models(operation: Operation) -> Sequence[type[BaseModel]]:
    return [operation.gives, *([operation.takes] if operation.takes else ())]


def _operation(route: Described, refs: Mapping[type[BaseModel], JsonObject]) -> JsonObject:
    said = route.operation
    body = {"requestBody": _body(said, refs[said.takes])} if said.takes else {}
    return {
        "operationId": _id(route),
        "summary": said.summary,
        **({"description": said.detail} if said.detail else {}),
        "tags": [said.tag],
        "security": [{"bearer": [route.bearer_scope]}],
        "parameters": [
            *_in_path(route.path),
            *_in_query(said.query),
            *([KEY] if said.honours_key(route.method) else ()),
        ],
        **body,
        "responses": {
            str(said.status): _response(said.status, "application/json", refs[said.gives]),
            **{str(status): _problem(status, refs[Problem]) for status in statuses(said, route.method)},
        },
    }


def _id(route: Described) -> str:
    words = IN_PATH.sub(r"by_\1", route.path.removeprefix("/v1/"))
    return re.sub(r"\W+", "_", f"{route.method.lower()}_{words}")


def _body(operation: Operation, schema: JsonObject) -> JsonObject:
    takes = operation.takes
    required = takes is not None and any(field.is_required() for field in takes.model_fields.values())
    example = {"example": operation.example} if operation.example else {}
    return {"required": required, "content": {"application/json": {"schema": schema, **example}}}


def _in_path(path: str) -> list[JsonObject]:
    text: JsonObject = {"type": "string", "minLength": 1}
    return [{"name": name, "in": "path", "required": True, "schema": text} for name in IN_PATH.findall(path)]


def _in_query(kind: type[Query]) -> list[JsonObject]:
    found = kind.model_json_schema(schema_generator=Plain)
    wanted = found.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in wanted, **_parameter(schema)}
        for name, schema in found.get("properties", {}).items()
    ]


def _parameter(schema: Mapping[str, Json]) -> JsonObject:
    """What is null where it is left out cannot be written as null; lists are written with commas."""
    either = schema.get("anyOf")
    kinds = [each for each in either if isinstance(each, Mapping)] if isinstance(either, list) else [schema]
    (kind,) = (each for each in kinds if each.get("type") != "null")
    told: JsonObject = {name: schema[name] for name in ("description",) if name in schema}
    rest = {name: value for name, value in kind.items() if name != "description" and value not in (None, [])}
    written: JsonObject = {"style": "form", "explode": False} if kind.get("type") == "array" else {}
    return {**told, **written, "schema": rest}


def _response(status: int, media_type: str, schema: JsonObject, headers: JsonObject | None = None) -> JsonObject:
    described: dict[str, Json] = {"description": HTTPStatus(status).phrase}
    if headers:
        described["headers"] = headers
    return {**described, "content": {media_type: {"schema": schema}}}


def _problem(status: int, schema: JsonObject) -> JsonObject:
    return _response(status, "application/problem+json", schema, CHALLENGE if status == 401 else None)
