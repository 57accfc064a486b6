"""Swagger 2.0 as a document."""

from collections.abc import Iterator, Mapping, Sequence

from evergrant.making.answering import answer_of, failures_of
from evergrant.making.document import BadDocument, Body, Document, Obstacle, Operation, Parameter, Style
from evergrant.making.openapi import IGNORED, best_body, declared, security_of
from evergrant.making.parts import listed, mapping, text, texts
from evergrant.making.references import References
from evergrant.making.schemes import swagger_schemes
from evergrant.making.servers import secure
from evergrant.model.json import Json

COLLECTIONS: Mapping[str, Style] = {"multi": "repeat", "ssv": "space", "tsv": "tab", "pipes": "pipe"}


def read_swagger(root: Mapping[str, Json]) -> Document:
    """The document; raises BadDocument for a version that is not known."""
    version = text(root.get("swagger")) or str(root.get("swagger"))
    if not version.startswith("2"):
        raise BadDocument(f"Swagger {version} is not known here; 2.0 is.")
    references, info = References(root), mapping(root.get("info"))
    usable, unusable = swagger_schemes(root.get("securityDefinitions"))
    return Document(
        kind="Swagger 2.0",
        title=text(info.get("title")),
        version=text(info.get("version")),
        description=text(info.get("description")),
        docs=text(mapping(root.get("externalDocs")).get("url")) or text(mapping(info.get("contact")).get("url")),
        base_url=_base_url(root),
        operations=tuple(_Reader(references, root).operations()),
        references=references,
        schemes=usable,
        unusable=unusable,
    )


def _base_url(root: Mapping[str, Json]) -> str:
    host, schemes = text(root.get("host")), texts(root.get("schemes"))
    scheme = "http" if "http" in schemes and "https" not in schemes else "https"
    path = text(root.get("basePath")).strip("/")
    return secure(f"{scheme}://{host}/{path}") if host and "{" not in host else ""


class _Reader:
    def __init__(self, references: References, root: Mapping[str, Json]) -> None:
        self._references = references
        self._root = root

    def operations(self) -> Iterator[Operation]:
        return (self._operation(*each) for each in declared(self._references, self._root))

    def _operation(self, path: str, method: str, item: Mapping[str, Json], found: Mapping[str, Json]) -> Operation:
        given = self._given(item, found)
        try:
            body, obstacle = self._body(given, texts(found.get("consumes") or self._root.get("consumes"))), None
        except Obstacle as why:
            body, obstacle = None, why
        produces = texts(found.get("produces") or self._root.get("produces")) or ("application/json",)
        responses = found.get("responses")

        def content(response: Mapping[str, Json]) -> Mapping[str, Json]:
            return dict.fromkeys(produces, response["schema"]) if response.get("schema") else {}

        return Operation(
            id=text(found.get("operationId")),
            method=method.upper(),
            path=path,
            summary=text(found.get("summary")),
            description=text(found.get("description")),
            parameters=tuple(self._parameters(given)),
            body=body,
            answer=answer_of(self._references, responses, content),
            failures=tuple(failures_of(self._references, responses, content)),
            security=security_of(found.get("security", self._root.get("security"))),
            tags=texts(found.get("tags")),
            obstacle=obstacle,
        )

    def _given(self, item: Mapping[str, Json], found: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
        every = [self._references.follow(each) for of in (item, found) for each in listed(of.get("parameters"))]
        return list({(text(each.get("name")), text(each.get("in"))): each for each in every}.values())

    def _parameters(self, given: Sequence[Mapping[str, Json]]) -> Iterator[Parameter]:
        for each in given:
            name, place = text(each.get("name")), each.get("in")
            if name and place in ("path", "query", "header") and name.lower() not in IGNORED:
                yield Parameter(
                    name=name,
                    place="path" if place == "path" else "query" if place == "query" else "header",
                    required=place == "path" or each.get("required") is True,
                    schema=_schema(each),
                    style=_style(each),
                    description=text(each.get("description")),
                )

    def _body(self, given: Sequence[Mapping[str, Json]], consumes: Sequence[str]) -> Body | None:
        whole = next((each for each in given if each.get("in") == "body"), None)
        if whole is not None:
            described = {"description": whole["description"]} if text(whole.get("description")) else {}
            schema: Json = {**self._references.follow(whole.get("schema")), **described}
            return best_body(dict.fromkeys(consumes or ("application/json",), schema))
        fields = [each for each in given if each.get("in") == "formData" and text(each.get("name"))]
        if not fields:
            return None
        has_file = any(each.get("type") == "file" for each in fields)
        form, parts = "application/x-www-form-urlencoded", "multipart/form-data"
        return best_body({parts if has_file or (parts in consumes and form not in consumes) else form: _form(fields)})


def _schema(given: Mapping[str, Json]) -> dict[str, Json]:
    """A parameter of Swagger is its own schema."""
    return {key: value for key, value in given.items() if key not in ("name", "in", "required", "description")}


def _style(given: Mapping[str, Json]) -> Style:
    if given.get("type") != "array":
        return "repeat"
    return COLLECTIONS.get(text(given.get("collectionFormat")), "comma")


def _form(fields: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    for each in fields:
        schema = _schema(each) | {"description": text(each.get("description"))}
        properties[text(each.get("name"))] = schema | ({"format": "binary"} if each.get("type") == "file" else {})
    required = [text(each.get("name")) for each in fields if each.get("required") is True]
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}
