"""Google's API Discovery format as a document."""

import re
from collections.abc import Iterator, Mapping

from evergrant.making.document import Answer, Body, Document, Obstacle, Operation, Parameter, Scheme
from evergrant.making.parts import listed, mapping, text
from evergrant.making.references import References
from evergrant.making.servers import secure
from evergrant.model.json import Json

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
GOOGLE = re.compile(r"https://(?:[a-z0-9-]+\.)*googleapis\.com(?:/|$)")
OAUTH = "Oauth2"
KEY = "key"


def read_discovery(root: Mapping[str, Json]) -> Document:
    """The document."""
    references = References(root, "/schemas")
    scopes = tuple(mapping(mapping(mapping(root.get("auth")).get("oauth2")).get("scopes")))
    base = secure(text(root.get("rootUrl")) + text(root.get("servicePath"))) or secure(text(root.get("baseUrl")))
    is_google = GOOGLE.match(base) is not None and bool(scopes)
    reads = tuple(_operations(root, references))
    return Document(
        kind="Google Discovery",
        title=text(root.get("title")) or text(root.get("name")),
        version=text(root.get("version")),
        description=text(root.get("description")),
        docs=text(root.get("documentationLink")),
        base_url=base,
        operations=reads,
        references=references,
        schemes=_schemes(scopes),
        is_google=is_google,
    )


def _schemes(scopes: tuple[str, ...]) -> dict[str, Scheme]:
    if not scopes:
        return {KEY: Scheme("query", "API key", "key")}
    authorize, token = "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token"
    return {OAUTH: Scheme("authorization_code", "", "", authorize, None, token, scopes)}


def _operations(found: Mapping[str, Json], references: References, depth: int = 0) -> Iterator[Operation]:
    for method in mapping(found.get("methods")).values():
        given = mapping(method)
        if text(given.get("httpMethod")) in METHODS:
            yield _operation(given, references)
    if depth < 20:
        for resource in mapping(found.get("resources")).values():
            yield from _operations(mapping(resource), references, depth + 1)


def _operation(given: Mapping[str, Json], references: References) -> Operation:
    path = text(given.get("path"))
    is_flat = "{+" in path
    parameters = {name: references.follow(each) for name, each in mapping(given.get("parameters")).items()}
    of_path = {} if is_flat else {name: each for name, each in parameters.items() if each.get("location") == "path"}
    of_query = {name: each for name, each in parameters.items() if each.get("location") != "path"}
    scopes = [text(scope) for scope in listed(given.get("scopes"))]
    shown = text(given.get("flatPath")) if is_flat else path
    request, response = given.get("request"), given.get("response")
    is_media = given.get("supportsMediaDownload") is True and not response
    answer = Answer("json", response) if response else Answer("bytes" if is_media else "none")
    return Operation(
        id=text(given.get("id")),
        method=text(given.get("httpMethod")),
        path=f"/{(shown or path).lstrip('/')}",
        summary="",
        description=text(given.get("description")),
        parameters=tuple(_parameter(name, each) for name, each in {**of_path, **of_query}.items()),
        body=Body("json", "application/json", request) if request else None,
        answer=answer,
        security=tuple({OAUTH: (scope,)} for scope in scopes),
        obstacle=_obstacle(shown, is_flat=is_flat),
    )


def _obstacle(path: str, *, is_flat: bool) -> Obstacle | None:
    if not path or "{+" in path or "{/" in path:
        why = "A value in its path may have slashes, and the document has no flat path."
        return Obstacle(why, "Write it by hand, with one input for each segment.")
    return None if is_flat or "*" not in path else Obstacle("Its path has a star.", "Write it by hand.")


def _parameter(name: str, given: Mapping[str, Json]) -> Parameter:
    kept = {key: value for key, value in given.items() if key not in ("location", "repeated", "required")}
    schema: Json = {"type": "array", "items": kept} if given.get("repeated") is True else kept
    required = given.get("required") is True
    place = given.get("location")
    return Parameter(
        name, "path" if place == "path" else "query", required, schema, "repeat", text(given.get("description"))
    )
