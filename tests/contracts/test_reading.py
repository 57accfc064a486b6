"""Each kind of description, in the smallest form that has all that is read of it."""

import json
from pathlib import Path

import pytest
from tests.contracts.asked import Asked
from tests.contracts.contract import Description, Kind
from tests.contracts.graphql import graphql_faults
from tests.contracts.operation import Operation
from tests.contracts.packages import CACHE, files
from tests.contracts.reading import operations

from evergrant.model.json import Json

BASE = "https://api.acme.example/v1"


def describe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind, text: str, **more: object) -> Description:
    """A description whose package is unpacked already."""
    folder = tmp_path / "npm-acme-1.0.0"
    folder.mkdir()
    (folder / "api.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr("tests.contracts.packages.CACHE", tmp_path)
    given = {"kind": kind, "registry": "npm", "package": "acme", "version": "1.0.0", "files": ["*.json"], "base": BASE}
    return Description.model_validate_json(json.dumps(given | more))


def read(description: Description) -> list[tuple[str, str, list[str] | None, list[str] | None]]:
    def told(one: Operation) -> tuple[str, str, list[str] | None, list[str] | None]:
        members = one.body.members() if one.body else None
        return (
            one.method,
            one.url.removeprefix(BASE),
            None if one.query is None else sorted(one.query),
            None if members is None else sorted(members),
        )

    return [told(one) for one in operations(description)]


def test_openapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text: Json = {
        "paths": {
            "/things/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Verbose"}],
                "get": {"parameters": [{"in": "query", "name": "q"}, {"in": "path", "name": "id"}]},
                "put": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}
                },
            }
        },
        "components": {
            "parameters": {"Verbose": {"in": "query", "name": "verbose"}},
            "schemas": {"T": {"properties": {"title": {}}}},
        },
    }
    found = read(describe(tmp_path, monkeypatch, "openapi", json.dumps(text)))

    assert found == [
        ("GET", "/things/{id}", ["q", "verbose"], None),
        ("PUT", "/things/{id}", ["verbose"], ["title"]),
    ]


def test_swagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form: Json = {"in": "formData", "name": "file"}
    body: Json = {"in": "body", "name": "body", "schema": {"properties": {"title": {}}}}
    text: Json = {"paths": {"/things": {"post": {"parameters": [body]}, "put": {"parameters": [form]}}}}
    found = read(describe(tmp_path, monkeypatch, "swagger", json.dumps(text)))

    assert found == [("POST", "/things", [], ["title"]), ("PUT", "/things", [], ["file"])]


def test_discovery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create: Json = {
        "httpMethod": "POST",
        "path": "files",
        "parameters": {"name": {"location": "query"}},
        "request": {"$ref": "File"},
        "mediaUpload": {"protocols": {"simple": {"path": "/upload/files"}}},
    }
    within: Json = {
        "httpMethod": "GET",
        "path": "v1/{+name}:peek",
        "flatPath": "v1/a/{aId}/b/{bId}:peek",
        "parameters": {},
    }
    text: Json = {
        "parameters": {"fields": {"location": "query"}},
        "resources": {"files": {"methods": {"create": create}, "resources": {"deep": {"methods": {"peek": within}}}}},
        "schemas": {"File": {"type": "object", "properties": {"title": {}, "owner": {"$ref": "File"}}}},
    }
    found = read(describe(tmp_path, monkeypatch, "discovery", json.dumps(text)))

    assert found == [
        ("POST", "/files", ["fields", "name"], ["owner", "title"]),
        ("POST", "https://api.acme.example/upload/files", ["fields", "name", "uploadType"], ["owner", "title"]),
        ("GET", "/v1/{+name}:peek", ["fields"], None),
    ]


def test_code_of_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """call("GET", f"/things/{thing_id}/parts"); call("POST", `/things/${id}`); at("/things/:id/x")"""
    patterns = [r"""call\("(?P<method>[A-Z]+)", f?["`](?P<path>[^"`]+)""", r"""at\("(?P<path>[^"]+)"""]
    found = read(describe(tmp_path, monkeypatch, "client", text, patterns=patterns))

    assert found == [
        ("GET", "/things/{x}/parts", None, None),
        ("POST", "/things/{x}", None, None),
        ("*", "/things/{x}/x", None, None),
    ]


def test_code_of_a_client_that_lists_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """this.get(["things", e, 'notes'])"""
    patterns = [r"this\.(?P<method>get)\(\[(?P<pieces>[^\]]+)\]"]
    found = read(describe(tmp_path, monkeypatch, "client", text, patterns=patterns))

    assert found == [("GET", "/things/{x}/notes", None, None)]


def test_code_that_microsofts_generator_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """"{+baseurl}/users/{user%2Did}/messages{?%24search*,includeHidden}" RequestInformation(Method.GET, x)"""
    found = read(describe(tmp_path, monkeypatch, "kiota", text))

    assert found == [("GET", "/users/{user-id}/messages", ["$search", "includeHidden"], None)]


def test_a_path_with_an_apostrophe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """"{+baseurl}/drives/{drive%2Did}/search(q='{q}'){?%24top}" RequestInformation(Method.GET, x)"""
    found = read(describe(tmp_path, monkeypatch, "kiota", text))

    assert found == [("GET", "/drives/{drive-id}/search(q='{q}')", ["$top"], None)]


def test_a_query_whose_parameters_are_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """"{+baseurl}/me/view?end={end}&start={start}{&%24top,x*}" RequestInformation(Method.GET, x)"""
    found = read(describe(tmp_path, monkeypatch, "kiota", text))

    assert found == [("GET", "/me/view", ["$top", "end", "start", "x"], None)]


def test_graphql(tmp_path: Path) -> None:
    schema = tmp_path / "schema.graphql"
    schema.write_text("type Query { thing(id: ID!): Thing } type Thing { title: String }", encoding="utf-8")

    def faults(document: str, *sent: str) -> list[str]:
        body = {name: f"${name}" for name in sent}
        asked = Asked("POST", "https://x/", frozenset(), body, frozenset(), document)
        return list(graphql_faults(asked, [schema]))

    assert faults("query($id: ID!) { thing(id: $id) { title } }", "id") == []
    assert faults("query($id: ID!) { thing(id: $id) { titel } }", "id")[0].startswith("Cannot query field 'titel'")
    assert faults("query($id: ID!) { thing(id: $id) { title } }", "ib") == ["the document declares no variable ib"]
    assert len(faults("query { thing")) == 1


def test_a_file_that_a_package_has_not_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = describe(tmp_path, monkeypatch, "openapi", "{}", files=["no/*.json"])

    with pytest.raises(LookupError, match=r"acme 1\.0\.0 has no file no/\*\.json; where the pattern is new"):
        files(described)
    assert CACHE.name == ".descriptions"


def test_names_that_a_client_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
    call({ url: '/things', query: { 'a-b': p.aB, c: p.c }, body: { d: p.d } });
    call({ url: '/parts', query: ["e", "f"] });
    call({ url: '/wholes', body: p.body });
    """
    pattern = (
        r"url: '(?P<path>[^']+)'(?:, query: [{[](?P<query>[^}\]]*)[}\]])?"
        r"(?:, body: (?:\{(?P<body>[^}]*)\}|(?P<other>[^{])))?"
    )
    found = read(describe(tmp_path, monkeypatch, "client", text, patterns=[pattern]))

    assert found == [
        ("*", "/things", ["a-b", "c"], ["d"]),
        ("*", "/parts", ["e", "f"], []),
        ("*", "/wholes", [], None),
    ]


CALLS = """
class Client:
    def update(self, thing_id, *, title: str, of: "Thing | None", **kwargs):
        kwargs.update({"title": title, "of": of})
        kwargs = clean(kwargs)
        return self.call("POST", f"/things/{thing_id}", json=kwargs)

    def list(self, state: str, options: Options):
        query = []
        if state:
            query.append(("state", state))
        return wrap(self.call("GET", "/things".format(), query, settings=make(params=transform({"per": 1}, Query))))

    def add(self, body):
        '''Adds one.

        :param Thing body: What to add.
        '''
        params = locals()
        return self.call("PUT", "/things", data=params["body"])

    def send(self, request):
        return self.call("POST", "/letters", json=request)

    async def update_async(self, thing_id):
        return await self.call("POST", f"/things/{thing_id}")
"""
TYPES = """
_Odd = TypedDict("_Odd", {"from": NotRequired[str]})
Either: TypeAlias = Union[Thing, "Part"]

class Query(TypedDict, total=False):
    per_page: Annotated[int, PropertyInfo(alias="perPage")]

class Thing(_Odd):
    parts: Optional[List["Part"]]
    either: Either
    more: Dict[str, str]

class Part:
    swagger_types = {"colour": "str"}

class Root:
    due_date: Optional[str] = None

    def serialize(self, writer):
        writer.write_str_value("DueDate", self.due_date)

    def create_from_discriminator_value(node):
        return Leaf()

class Leaf(Root):
    green: Optional[bool] = None
"""


def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind, code: str, **more: object) -> Description:
    described = describe(tmp_path, monkeypatch, kind, "", files=["calls.py"], types=["types.py"], **more)
    folder = tmp_path / "npm-acme-1.0.0"
    (folder / "calls.py").write_text(code, encoding="utf-8")
    (folder / "types.py").write_text(TYPES, encoding="utf-8")
    return described


PATTERN = r"self\.call\('(?P<method>[A-Z]+)', f?'(?P<path>[^']+)'"


def test_calls_of_a_library_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"query": ["params", "query"], "body": ["json", "data"]}
    found = read(python(tmp_path, monkeypatch, "python", CALLS, patterns=[PATTERN], **names))

    assert found == [
        ("POST", "/things/{x}", [], ["of", "title"]),
        ("GET", "/things", ["perPage", "state"], []),
        ("PUT", "/things", [], ["either", "from", "more", "parts"]),
        ("POST", "/letters", [], None),
    ]


def test_calls_whose_paths_are_composed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
def add(self, options: dict[str, Any]):
    url = self.urls.parts(1)
    payload: dict[str, Any] = {"title": 1}
    payload["options"] = options
    self.post(url, json=payload)
    self.post(self.urls.unknown, json=payload)
"""
    expressions = {"self.urls.parts": "/things/{thing}/parts"}
    pattern = r"self\.(?P<method>post)\((?P<path>[\w.]+)"
    described = python(
        tmp_path,
        monkeypatch,
        "python",
        code,
        patterns=[pattern],
        body=["json"],
        query=["params"],
        expressions=expressions,
    )

    assert read(described) == [("POST", "/things/{x}/parts", [], ["options", "title"])]


def test_types_of_a_library_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = python(tmp_path, monkeypatch, "python", CALLS, patterns=[PATTERN], body=["json", "data"])
    body = next(one.body for one in operations(described) if one.method == "PUT")
    assert body is not None
    members = body.members() or {}

    assert set(members["parts"].element().members() or {}) == {"colour"}
    assert set(members["either"].members() or {}) == {"from", "parts", "either", "more"} | {"colour"}
    assert members["more"].members() is None
    assert members["from"].members() == {}


def test_bodies_of_microsofts_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
    def to_post_request_information(self,body: Root, configuration) -> RequestInformation:
        x = RequestInformation(Method.POST, "{+baseurl}/roots")
    def to_delete_request_information(self, configuration) -> RequestInformation:
        x = RequestInformation(Method.DELETE, "{+baseurl}/roots")
    """
    found = read(python(tmp_path, monkeypatch, "kiota", code))

    assert found == [("DELETE", "/roots", [], []), ("POST", "/roots", [], ["DueDate", "dueDate", "green"])]


def test_declarations_in_typescript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "add: this.make({ method: 'POST', path: `/things/${id}` }), all: this.make({ method: 'GET', path: `/things` })"
    )
    declared = """
    type Body = { title?: string; "a-b": (Part | string)[]; kind: 1 | 2; };
    type Part = { colour: "red" | "blue" } & { deep?: { more: boolean[]; }; };
    type Query = { page?: number };
    readonly things: {
        add: (_: { path: Path; } & { body?: Body; } & object) => Promise<void>;
        all: (_: object & { query?: Query; }) => Promise<void>;
    }
    """
    pattern = r"(?P<name>\w+): this\.make\(\{ method: '(?P<method>[A-Z]+)', path: `(?P<path>[^`]+)`"
    described = describe(tmp_path, monkeypatch, "typescript", "", files=["api.mjs"], patterns=[pattern])
    folder = tmp_path / "npm-acme-1.0.0"
    (folder / "api.mjs").write_text(code, encoding="utf-8")
    (folder / "api.d.ts").write_text(declared, encoding="utf-8")

    assert read(described) == [
        ("POST", "/things/{x}", [], ["a-b", "kind", "title"]),
        ("GET", "/things", ["page"], []),
    ]
    body = operations(described)[0].body
    assert body is not None
    part = ((body.members() or {})["a-b"].element().members()) or {}
    assert set(part) == {"colour", "deep"}
    assert set(part["deep"].members() or {}) == {"more"}
