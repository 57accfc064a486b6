"""Whatever a document says: an import gives files that load, that the lint finds nothing in, or a reason."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.making.documents import DISCOVERY, OPENAPI, SWAGGER, TODAY
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.reading import read
from evergrant.lint.run import lint
from evergrant.making.checking import google
from evergrant.making.document import BadDocument
from evergrant.making.files import files_of
from evergrant.making.importing import Choice, import_document
from evergrant.making.reading import read_document
from evergrant.model.json import Json, JsonObject

GOOGLE = google(ROOT)
words = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.one_of(
    words,
    st.sampled_from(["id", "userId", "limit", "cursor", "item", "detailed", "more", "$x", "a/b", "X-Key", "ids[]"]),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.floats(allow_nan=False, allow_infinity=False), words
)
anything: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)
kinds = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null", "strange"])


def schemas(depth: int = 2) -> st.SearchStrategy[Json]:
    """Schemas in any of the dialects, sensible or not."""
    inner = schemas(depth - 1) if depth else st.just({"$ref": "#/components/schemas/Node"})
    made: dict[str, st.SearchStrategy[Json]] = {
        "type": st.one_of(kinds, st.lists(kinds, max_size=2)),
        "description": words,
        "enum": st.lists(scalars, max_size=4),
        "format": st.sampled_from(["date-time", "int64", "binary", "uuid", "nonsense"]),
        "pattern": st.sampled_from(["^[a-z]+$", "(", "\\p{L}+", "^.{500,}$", "[[a]"]),
        "minimum": scalars,
        "maximum": scalars,
        "minLength": st.integers(-5, 300),
        "maxLength": st.integers(-5, 300),
        "minItems": st.integers(0, 5),
        "maxItems": st.integers(0, 5),
        "items": inner,
        "properties": st.dictionaries(names, inner, max_size=4),
        "required": st.lists(names, max_size=3),
        "additionalProperties": st.one_of(st.booleans(), inner),
        "anyOf": st.lists(inner, max_size=3),
        "oneOf": st.lists(inner, max_size=3),
        "allOf": st.lists(inner, max_size=3),
        "nullable": st.booleans(),
        "readOnly": st.booleans(),
        "default": scalars,
        "example": anything,
        "const": scalars,
        "$ref": st.sampled_from(["#/components/schemas/Node", "#/components/schemas/Gone", "other.json#/X", "#"]),
    }
    return st.fixed_dictionaries({}, optional=made)


def contents(depth: int = 2) -> st.SearchStrategy[Json]:
    media = st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/csv", "application/xml",
         "application/vnd.api+json", "application/octet-stream", "image/png", "*/*"]
    )  # fmt: skip
    return st.dictionaries(media, st.fixed_dictionaries({"schema": schemas(depth)}), max_size=2)


parameters: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"name": names, "in": st.sampled_from(["path", "query", "header", "cookie", "body", "formData"])},
    optional={
        "required": st.booleans(),
        "schema": schemas(1),
        "style": st.sampled_from(["form", "deepObject", "spaceDelimited", "simple"]),
        "explode": st.booleans(),
        "description": words,
        "content": contents(1),
    },
)
operations: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {},
    optional={
        "operationId": names,
        "summary": words,
        "description": st.one_of(
            words, st.sampled_from(["Use it to win; use acme_get_gone for it.", "Powerful <b>x</b>"])
        ),
        "parameters": st.lists(parameters, max_size=14),
        "requestBody": st.fixed_dictionaries({"content": contents()}),
        "responses": st.dictionaries(
            st.sampled_from(["200", "201", "204", "404", "default", "2XX"]),
            st.fixed_dictionaries({"content": contents()}, optional={"headers": st.just({"Link": {}})}),
            max_size=3,
        ),
        "security": st.lists(
            st.dictionaries(st.sampled_from(["login", "key", "two"]), st.just(["a", "b"])), max_size=2
        ),
        "tags": st.lists(words, max_size=2),
        "servers": st.just([{"url": "https://files.acme.example/y"}]),
    },
)
sound = st.sampled_from(["things", "{id}", "{user-id}", "{a.b}", "v1", "{id}:run", "search", "users", "batchGet"])
segments = st.one_of(sound, sound, sound, sound, st.sampled_from(["é", "a;b", "*", "x y", "{}", "{", "a?b=c", "#x"]))
paths = st.lists(segments, max_size=4).map(lambda found: "/" + "/".join(found))
SCHEMES: JsonObject = {
    "login": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "https://l.example/t", "scopes": {"a": "", "b": ""}}},
    },
    "key": {"type": "apiKey", "in": "query", "name": "k"},
    "two": {"type": "mutualTLS"},
}
methods = st.sampled_from(["get", "post", "put", "patch", "delete"])
documents: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {
        "openapi": st.sampled_from(["3.0.3", "3.1.0"]),
        "info": st.fixed_dictionaries({"title": words}, optional={"description": words}),
        "servers": st.just([{"url": "https://api.acme.example/v1"}]),
        "paths": st.dictionaries(
            paths, st.dictionaries(methods, operations, min_size=1, max_size=3), min_size=1, max_size=3
        ),
        "components": st.fixed_dictionaries(
            {"schemas": st.fixed_dictionaries({"Node": schemas()}), "securitySchemes": st.just(SCHEMES)}
        ),
    },
    optional={"security": st.just([{"login": ["a"]}])},
)


def check(root: Json) -> None:
    """Raises AssertionError where what is written does not load, breaks a rule, or is read back as something else."""
    try:
        document = read_document(json.dumps(root).encode())
        found = import_document(document, Choice("acme", ("*",)), GOOGLE, TODAY)
    except BadDocument:
        return
    with TemporaryDirectory() as folder:
        files_of("acme", document, "acme.json", found).write(Path(folder))
        assert list(lint(Catalog([ROOT, Path(folder)], lenient=True), ("acme",))) == []
        back = read(Path(folder) / "schemas" / "acme.yaml")
        connector = read(Path(folder) / "connectors" / "acme.yaml")
    assert back == {each.name: json.loads(json.dumps(each.keys)) for each in found.tools}
    assert connector == json.loads(json.dumps(found.connector.keys))


@settings(max_examples=150)
@given(documents)
def test_any_openapi_document_gives_sound_files_or_a_reason(root: Json) -> None:
    check(root)


def places(value: Json, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where something stands in a value."""
    found = [at] if at else []
    match value:
        case dict():
            return found + [place for key, part in value.items() for place in places(part, (*at, key))]
        case list():
            return found + [place for number, part in enumerate(value) for place in places(part, (*at, number))]
        case _:
            return found


def changed(value: Json, at: tuple[str | int, ...], to: Json) -> Json:
    """The value with something else at a place."""
    if not at:
        return to
    match value:
        case dict():
            return {key: changed(part, at[1:], to) if key == at[0] else part for key, part in value.items()}
        case list():
            return [changed(part, at[1:], to) if number == at[0] else part for number, part in enumerate(value)]
        case _:
            return value


broken = st.sampled_from([OPENAPI, SWAGGER, DISCOVERY]).flatmap(
    lambda root: st.builds(changed, st.just(root), st.sampled_from(places(root)), anything)
)


@settings(max_examples=200)
@given(broken)
def test_a_document_in_which_anything_stands_anywhere_gives_sound_files_or_a_reason(root: Json) -> None:
    check(root)
