"""OpenAPI 3.0, 3.1 and 3.2 as a document."""

import re
from collections.abc import Iterator, Mapping

from evergrant.making.answering import answer_of, failures_of
from evergrant.making.document import BadDocument, Body, Document, Encoding, Obstacle, Operation, Parameter, Style
from evergrant.making.parts import listed, mapping, text, texts
from evergrant.making.plain import plain
from evergrant.making.references import References
from evergrant.making.schemes import openapi_schemes
from evergrant.making.servers import Server, server_of
from evergrant.model.json import Json

METHODS = ("get", "post", "put", "patch", "delete")
Declared = tuple[str, str, Mapping[str, Json], Mapping[str, Json]]
VERSION = re.compile(r"3\.[0-2](?:\.|$)")
STYLES: Mapping[str, Style] = {"spaceDelimited": "space", "pipeDelimited": "pipe", "deepObject": "deep"}
IGNORED = frozenset({"accept", "content-type", "authorization"})
"""Headers that are no parameters, by the specification."""
XML = Obstacle("Its body is not JSON, a form, a text or a file.", "Write it by hand, if the service takes JSON too.")

ELSEWHERE = Obstacle("It lives at another address than the others, which varies.", "Write it by hand, with steps.")


def read_openapi(root: Mapping[str, Json]) -> Document:
    """The document; raises BadDocument for a version that is not known."""
    version = text(root.get("openapi"))
    if not VERSION.match(version):
        raise BadDocument(f"OpenAPI {version or '?'} is not known here; 3.0, 3.1 and 3.2 are.")
    references = References(root)
    info = mapping(root.get("info"))
    server = server_of(root.get("servers"))
    usable, unusable = openapi_schemes(references, mapping(root.get("components")).get("securitySchemes"))
    reader = _Reader(references, root, server)
    return Document(
        kind=f"OpenAPI {version}",
        title=text(info.get("title")),
        version=text(info.get("version")),
        description=text(info.get("summary")) or text(info.get("description")),
        docs=text(mapping(root.get("externalDocs")).get("url")) or text(mapping(info.get("contact")).get("url")),
        base_url=server.url,
        operations=tuple(reader.operations()),
        references=references,
        schemes=usable,
        unusable=unusable,
        account=server.account,
    )


def declared(references: References, root: Mapping[str, Json]) -> Iterator[Declared]:
    """The operations of OpenAPI and Swagger as they stand there: path, method, the path's item, the operation."""
    for path, item in mapping(root.get("paths")).items():
        found = references.follow(item)
        for method in METHODS:
            if isinstance(found.get(method), Mapping):
                yield path, method, found, mapping(found[method])


class _Reader:
    def __init__(self, references: References, root: Mapping[str, Json], server: Server) -> None:
        self._references = references
        self._root = root
        self._server = server

    def operations(self) -> Iterator[Operation]:
        return (self._operation(*each) for each in declared(self._references, self._root))

    def _operation(self, path: str, method: str, item: Mapping[str, Json], found: Mapping[str, Json]) -> Operation:
        try:
            body, obstacle = self._body(found.get("requestBody")), None
        except Obstacle as why:
            body, obstacle = None, why
        servers = found.get("servers") or item.get("servers")
        own = server_of(servers) if servers else self._server
        if own.url != self._server.url and "{" in own.url:
            obstacle = ELSEWHERE
        answers = self._references
        return Operation(
            id=text(found.get("operationId")),
            method=method.upper(),
            path=path,
            summary=text(found.get("summary")),
            description=text(found.get("description")),
            parameters=tuple(self._parameters(item, found)),
            body=body,
            answer=answer_of(answers, found.get("responses"), _content),
            failures=tuple(failures_of(answers, found.get("responses"), _content)),
            security=security_of(found.get("security", self._root.get("security"))),
            tags=texts(found.get("tags")),
            base_url=own.url if own.url != self._server.url else None,
            obstacle=obstacle,
        )

    def _parameters(self, item: Mapping[str, Json], found: Mapping[str, Json]) -> Iterator[Parameter]:
        every = [self._references.follow(each) for of in (item, found) for each in listed(of.get("parameters"))]
        known = {(text(each.get("name")), text(each.get("in"))): each for each in every}
        for (name, place), each in known.items():
            match place:
                case "path" | "query" | "header" if name and name.lower() not in IGNORED:
                    yield self._parameter(each, name, place == "path" or each.get("required") is True)
                case "cookie" if each.get("required") is True:
                    yield Parameter(name, "header", required=True, schema=None, description="cookie")
                case _:
                    continue

    def _parameter(self, given: Mapping[str, Json], name: str, required: bool) -> Parameter:
        content = mapping(given.get("content"))
        schema = given.get("schema") or mapping(next(iter(content.values()), None)).get("schema")
        own = {key: given[key] for key in ("example", "examples") if key in given}
        place = given.get("in")
        return Parameter(
            name=name,
            place="path" if place == "path" else "query" if place == "query" else "header",
            required=required,
            schema={**self._references.follow(schema), **own},
            style="json" if content else self._style(given, schema),
            description=text(given.get("description")),
        )

    def _style(self, given: Mapping[str, Json], schema: Json) -> Style:
        style = text(given.get("style"))
        if style == "deepObject":
            return "deep"
        explode = given.get("explode", style in ("", "form"))
        if explode is not False and given.get("in") == "query":
            return "repeat"
        joined = STYLES.get(style, "comma")
        return joined if plain(self._references, schema).get("type") == "array" else "repeat"

    def _body(self, node: Json) -> Body | None:
        content = mapping(self._references.follow(node).get("content"))
        return best_body({name: mapping(each).get("schema") for name, each in content.items()}) if content else None


def _content(response: Mapping[str, Json]) -> Mapping[str, Json]:
    content = mapping(response.get("content"))
    return {name: mapping(each).get("schema") for name, each in content.items()}


def best_body(schemas: Mapping[str, Json]) -> Body:
    """The way of writing a body that suits best, JSON before all; raises Obstacle where there is none."""
    order: tuple[Encoding, ...] = ("json", "form", "multipart", "raw")
    known = [Body(found, _media_type(name), schemas[name]) for name in schemas if (found := encoding_of(name))]
    if not known:
        raise XML
    return min(known, key=lambda body: (order.index(body.encoding), body.media_type != "application/json"))


def encoding_of(media_type: str) -> Encoding | None:
    """How a body of that type is written; None for what cannot be made."""
    name = _media_type(media_type)
    if name in ("application/json", "*/*", "application/*") or name.endswith("+json"):
        return "json"
    if name == "application/x-www-form-urlencoded":
        return "form"
    if name == "multipart/form-data":
        return "multipart"
    kind = name.partition("/")[0]
    is_file = kind in ("image", "audio", "video", "text") or name in ("application/octet-stream", "application/pdf")
    return "raw" if is_file and name != "text/xml" else None


def _media_type(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def security_of(given: Json) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """The alternatives of a security requirement."""
    return tuple({name: texts(scopes) for name, scopes in mapping(each).items()} for each in listed(given))
