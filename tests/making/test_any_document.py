"""Whatever a document says: an import gives files that load, that the lint finds nothing in, or a reason."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
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
Values = st.SearchStrategy[Json]


def record(required: dict[str, Values], optional: dict[str, Values] | None = None) -> Values:
    """Objects that have these members, and may have those."""
    return st.fixed_dictionaries(required, optional=optional or {})


def table(keys: st.SearchStrategy[str], values: Values, least: int = 0, most: int = 3) -> Values:
    """Objects with any such members."""
    return st.dictionaries(keys, values, min_size=least, max_size=most)


def several(values: Values, most: int = 3) -> Values:
    """Lists of them."""
    return st.lists(values, max_size=most)


def one_of(*values: Json) -> Values:
    """One of some values."""
    return st.sampled_from(values)


NAMES = (
    "id",
    "userId",
    "limit",
    "cursor",
    "item",
    "detailed",
    "more",
    "idempotency_key",
    "$x",
    "a/b",
    "X-Key",
    "ids[]",
)
KINDS = ("string", "integer", "number", "boolean", "array", "object", "null", "strange")
MEDIA = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/csv", "application/xml",
         "application/vnd.api+json", "application/octet-stream", "image/png", "*/*")  # fmt: skip
SOUND = ("things", "{id}", "{user-id}", "{a.b}", "v1", "{id}:run", "search", "users", "batchGet")
ODD = ("é", "a;b", "*", "x y", "{}", "{", "a?b=c", "#x")
SAID = ("Use it to win; use acme_get_gone for it.", "Powerful <b>x</b>")
REFERENCES = ("#/components/schemas/Node", "#/components/schemas/Gone", "other.json#/X", "#")
texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.one_of(texts, st.sampled_from(NAMES))


def words() -> Values:
    return texts


def scalars() -> Values:
    numbers = st.one_of(st.integers(-(1 << 70), 1 << 70), st.floats(allow_nan=False, allow_infinity=False))
    return st.one_of(st.none(), st.booleans(), numbers, texts)


def anything(depth: int = 3) -> Values:
    below = anything(depth - 1) if depth else scalars()
    return st.one_of(scalars(), several(below), table(names, below))


def schemas(depth: int = 2) -> Values:
    """Schemas in any of the dialects, sensible or not."""
    inner = schemas(depth - 1) if depth else one_of({"$ref": "#/components/schemas/Node"})
    return record(
        {},
        {
            "type": st.one_of(one_of(*KINDS), several(one_of(*KINDS), 2)),
            "description": words(),
            "enum": several(scalars(), 4),
            "format": one_of("date-time", "int64", "binary", "uuid", "nonsense"),
            "pattern": one_of("^[a-z]+$", "(", "\\p{L}+", "^.{500,}$", "[[a]"),
            "minimum": scalars(),
            "maximum": scalars(),
            "minLength": st.integers(-5, 300),
            "maxLength": st.integers(-5, 300),
            "minItems": st.integers(0, 5),
            "maxItems": st.integers(0, 5),
            "items": inner,
            "properties": table(names, inner, most=4),
            "required": several(names),
            "additionalProperties": st.one_of(st.booleans(), inner),
            "anyOf": several(inner),
            "oneOf": several(inner),
            "allOf": several(inner),
            "nullable": st.booleans(),
            "readOnly": st.booleans(),
            "default": scalars(),
            "example": anything(1),
            "const": scalars(),
            "$ref": one_of(*REFERENCES),
        },
    )


def contents(depth: int = 2) -> Values:
    return table(st.sampled_from(MEDIA), record({"schema": schemas(depth)}), most=2)


def parameters() -> Values:
    return record(
        {"name": names, "in": one_of("path", "query", "header", "cookie", "body", "formData")},
        {
            "required": st.booleans(),
            "schema": schemas(1),
            "style": one_of("form", "deepObject", "spaceDelimited", "simple"),
            "explode": st.booleans(),
            "description": words(),
            "content": contents(1),
        },
    )


def operations() -> Values:
    answers = record({"content": contents()}, {"headers": one_of({"Link": {}})})
    schemes = table(st.sampled_from(["login", "key", "two"]), one_of(["a", "b"]))
    return record(
        {},
        {
            "operationId": names,
            "summary": words(),
            "description": st.one_of(words(), one_of(*SAID)),
            "parameters": several(parameters(), 14),
            "requestBody": record({"content": contents()}),
            "responses": table(st.sampled_from(["200", "201", "204", "404", "default", "2XX"]), answers),
            "security": several(schemes, 2),
            "tags": several(words(), 2),
            "servers": one_of([{"url": "https://files.acme.example/y"}]),
        },
    )


SCHEMES: JsonObject = {
    "login": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "https://l.example/t", "scopes": {"a": "", "b": ""}}},
    },
    "key": {"type": "apiKey", "in": "query", "name": "k"},
    "two": {"type": "mutualTLS"},
}


def documents() -> Values:
    """Documents of OpenAPI 3."""
    segments = st.one_of(*[st.sampled_from(SOUND)] * 4, st.sampled_from(ODD))
    paths = st.lists(segments, max_size=4).map(lambda found: "/" + "/".join(found))
    methods = st.sampled_from(["get", "post", "put", "patch", "delete"])
    components = record({"schemas": record({"Node": schemas()}), "securitySchemes": one_of(SCHEMES)})
    return record(
        {
            "openapi": one_of("3.0.3", "3.1.0"),
            "info": record({"title": words()}, {"description": words()}),
            "servers": one_of([{"url": "https://api.acme.example/v1"}]),
            "paths": table(paths, table(methods, operations(), least=1), least=1),
            "components": components,
        },
        {"security": one_of([{"login": ["a"]}])},
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


# Whole documents are large, and drawing one is most of the time that this takes.
LARGE = [HealthCheck.data_too_large, HealthCheck.too_slow]


@settings(max_examples=60, suppress_health_check=LARGE)
@given(documents())
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


@st.composite
def broken(draw: st.DrawFn) -> Json:
    """A sound document in which something else stands at one place."""
    root = draw(st.sampled_from([OPENAPI, SWAGGER, DISCOVERY]))
    return changed(root, draw(st.sampled_from(places(root))), draw(anything()))


@settings(max_examples=80, suppress_health_check=LARGE)
@given(broken())
def test_a_document_in_which_anything_stands_anywhere_gives_sound_files_or_a_reason(root: Json) -> None:
    check(root)
