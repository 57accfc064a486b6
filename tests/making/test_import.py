"""One document of each kind: what becomes of its operations, its sign-in, its failures, and what is left out."""

import pytest
from tests.making.documents import BOOK, DISCOVERY, OPENAPI, SWAGGER, imported, one, tool

from evergrant.catalog.catalog import merge
from evergrant.making.document import BadDocument
from evergrant.model.json import Json, JsonObject, at

GARDEN = "https://www.googleapis.com/auth/garden"


def test_operations_of_openapi_become_tools() -> None:
    found = imported(OPENAPI)
    assert [(each.name, each.tool.effect) for each in found.tools] == [
        ("acme_list_books", "read"),
        ("acme_create_book", "write"),
        ("acme_get_book", "read"),
        ("acme_delete_book", "destroy"),
        ("acme_replace_cover", "write"),
    ]
    listing = tool(found, "acme_list_books")
    assert str(listing["description"]).startswith("List books. All books of the library, newest first. Use it to")
    assert "use acme_get_book to get one" in str(listing["description"])
    assert listing["query"] == {"authorId": "$author_id", "kinds": {"$join": {"by": ",", "of": "$kinds"}}}
    assert listing["pages"] == {
        "by": "cursor",
        "next": "/next_page_token",
        "parameter": "page_token",
        "size": "limit",
        "most": 50,
    }
    assert listing["shape"] == {
        "id": "/id",
        "title": "/title",
        "kind": "/kind",
        "author": "/author/name",
        "pages": "/pages",
    }


def test_a_body_becomes_inputs_without_what_only_the_service_tells_and_without_defaults() -> None:
    """A default that is sent would clear what an update leaves out."""
    given = tool(imported(OPENAPI), "acme_create_book")["input"]
    assert isinstance(given, dict)
    assert list(given) == ["title", "kind", "author", "pages"]
    assert given["kind"] == {
        "type": "string",
        "enum": ["novel", "manual"],
        "description": "The kind. If left out, it is novel.",
    }
    assert at(given, "/author/properties/name") == {"type": "string"}


def test_an_id_is_said_to_come_from_the_tool_that_gives_it() -> None:
    assert at(tool(imported(OPENAPI), "acme_get_book"), "/input/book_id/description") == (
        "The book id. Id from acme_list_books."
    )


def test_files_are_given_as_name_type_and_content() -> None:
    cover = tool(imported(OPENAPI), "acme_replace_cover")
    assert (cover["encoding"], cover["body"]) == ("multipart", {"image": {"$bytes": "$image"}, "caption": "$caption"})


def test_what_cannot_be_a_tool_is_left_out_with_the_reason() -> None:
    (left,) = imported(OPENAPI).left
    assert left.operation.title == "POST /feed"
    assert "Its body is not JSON" in left.why.reason


def test_the_sign_in_is_that_of_most_operations_with_the_scopes_that_they_need() -> None:
    connector = imported(OPENAPI).declared
    assert connector.oauth.scopes == ("books.read", "books.write")
    assert connector.oauth.token_endpoint == "https://login.library.example/token"
    assert connector.registration
    assert connector.errors.api.code == ("/error/code",)


@pytest.mark.parametrize(
    ("security", "kind", "where"),
    [
        ("bearer", "api_key", "Authorization"),
        ("header:X-Key", "api_key", "X-Key"),
        ("query:key", "api_key", None),
        ("none", "none", None),
    ],
)
def test_a_person_may_say_how_to_sign(security: str, kind: str, where: str | None) -> None:
    auth = imported(one({"operationId": "listThings"}), security=security).connector.keys["auth"]
    assert (at(auth, "/kind"), at(auth, "/header")) == (kind, where)


def test_a_scheme_that_cannot_be_used_is_named_with_the_reason_and_those_that_can() -> None:
    with pytest.raises(BadDocument, match=r"old cannot be used: of its flows none .* There are: login, bearer"):
        imported(OPENAPI, security="old")


def test_basic_sign_in_asks_for_the_user_name() -> None:
    found = imported(one({"operationId": "listThings"}), security="basic")
    assert at(found.connector.keys, "/auth/username") == "{account.username}"
    assert at(found.connector.keys, "/account/username/from") == "user"


def test_operations_that_are_signed_otherwise_are_left_out() -> None:
    root = one(
        {"operationId": "listThings", "security": [{"bot": []}]},
        components={
            "securitySchemes": {
                "bot": {"type": "http", "scheme": "bearer"},
                "person": {"type": "apiKey", "in": "header", "name": "X-Key"},
            }
        },
    )
    assert imported(root).connector.keys["auth"]
    with pytest.raises(BadDocument, match="It is signed with bot, and not with person"):
        imported(root, security="person")


def test_operations_of_swagger_become_tools() -> None:
    found = imported(SWAGGER)
    listing, made = (each.keys for each in found.tools)
    assert found.declared.base_url == "https://weather.example/api"
    assert at(found.connector.keys, "/auth/header") == "X-Weather-Key"
    assert listing["pages"] == {"by": "page", "parameter": "page", "size": "per_page", "most": 30}
    assert listing["query"] == {"what": {"$join": {"by": ",", "of": "$what"}}}
    assert made["body"] == {"celsius": "$celsius", "photo": {"$bytes": "$photo"}}
    assert made["encoding"] == "multipart"


def test_operations_of_discovery_become_tools_that_google_signs() -> None:
    found = imported(DISCOVERY)
    listing = tool(found, "acme_list_gardens_plants")
    assert found.connector.keys["extends"] == "google"
    assert listing["request"] == "GET /v1/gardens/{garden_id}/plants"
    assert listing["scopes"] == [f"{GARDEN}.readonly"]
    assert listing["pages"] == {
        "by": "cursor",
        "next": "/nextPageToken",
        "parameter": "pageToken",
        "size": "pageSize",
        "most": 100,
    }
    changed = tool(found, "acme_update_gardens_plants")
    assert changed["scopes"] == [GARDEN]
    assert list(dict(changed["input"] if isinstance(changed["input"], dict) else {})) == [
        "plant_id",
        "label",
        "water",
        "bed",
    ]
    (left,) = found.left
    assert "may have slashes" in left.why.reason


def test_one_who_reads_is_told_by_the_operation_for_it() -> None:
    me: JsonObject = {
        "responses": {
            "200": {
                "description": "You.",
                "content": {
                    "application/json": {
                        "schema": {"properties": {"id": {"type": "string"}, "email": {"type": "string"}}}
                    }
                },
            }
        }
    }
    root = merge(one({"operationId": "listThings"}), {"paths": {"/me": {"get": me}}})
    identity = imported(root, security="bearer").declared.identity
    assert identity.request == "GET https://api.acme.example/me"
    assert (identity.subject, identity.label) == (("/id",), ("/email", "/id"))


def test_a_header_that_is_always_the_same_is_no_input_and_a_credential_never_is() -> None:
    headers: list[Json] = [
        {"name": "Api-Version", "in": "header", "required": True, "schema": {"type": "string", "default": "2026-01"}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}, "description": "A word of your own."},
        {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
        {"name": "api_key", "in": "query", "required": True, "schema": {"type": "string"}},
    ]
    found = imported(one({"operationId": "listThings", "parameters": headers}), security="query:api_key")
    made = found.tools[0].keys
    assert made["headers"] == {"Api-Version": "2026-01", "X-Trace": "$x_trace"}
    assert list(dict(found.tools[0].tool.input)) == ["x_trace"]


def test_of_many_members_the_required_ones_are_inputs_and_the_others_stand_together() -> None:
    members: dict[str, Json] = {f"member{number}": {"type": "integer"} for number in range(20)}
    schema: JsonObject = {"type": "object", "required": ["member19"], "properties": members}
    body: JsonObject = {"content": {"application/json": {"schema": schema}}}
    made = imported(one({"operationId": "createThing", "requestBody": body}, "post")).tools[0]
    assert len(made.tool.input) == 10
    assert made.tool.required == ("member19",)
    assert at(made.keys, "/body/$merge/1") == "$more"


def test_query_parameters_for_which_there_is_no_room_are_left_out_with_a_note() -> None:
    many: list[Json] = [{"name": f"by{number}", "in": "query", "schema": {"type": "string"}} for number in range(12)]
    made = imported(one({"operationId": "listThings", "parameters": many})).tools[0]
    assert len(made.tool.input) == 10
    assert made.notes == (
        "by10 is left out: there is no room for more inputs",
        "by11 is left out: there is no room for more inputs",
    )


@pytest.mark.parametrize(
    ("servers", "base", "asked"),
    [
        ([{"url": "http://api.acme.example/"}], "https://api.acme.example", []),
        ([{"url": "/v1"}, {"url": "https://b.example"}], "https://b.example", []),
        (
            [
                {
                    "url": "https://{site}.acme.example/{v}",
                    "variables": {"site": {"default": "x"}, "v": {"default": "v2"}},
                }
            ],
            "https://{account.site}.acme.example/v2",
            ["site"],
        ),
    ],
)
def test_where_a_service_lives(servers: Json, base: str, asked: list[str]) -> None:
    found = imported({**one({"operationId": "listThings"}), "servers": servers}, security="none")
    assert found.declared.base_url == base
    assert [name for name in found.declared.account if name != "person"] == asked


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ({"servers": [{"url": "/v1"}]}, "Give --base-url"),
        ({"openapi": "4.0"}, "OpenAPI 4.0 is not known here"),
        ({"paths": {}}, "It has no operation"),
    ],
)
def test_a_document_of_which_nothing_can_be_made_is_refused_with_what_to_do(root: JsonObject, words: str) -> None:
    with pytest.raises(BadDocument, match=words):
        imported({**one({"operationId": "listThings"}), **root})


def test_nothing_beyond_the_document_is_read() -> None:
    elsewhere: JsonObject = {"content": {"application/json": {"schema": {"$ref": "https://x.example/book.json"}}}}
    found = imported(one({"operationId": "createThing", "requestBody": elsewhere}, "post"))
    assert "https://x.example/book.json is not in the document, so what it says is missing." in found.notes


def test_a_schema_that_is_a_part_of_itself_ends_somewhere() -> None:
    loop: JsonObject = {
        "allOf": [{"$ref": "#/components/schemas/A"}],
        "properties": {"a": {"$ref": "#/components/schemas/A"}},
    }
    body: JsonObject = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    operation: JsonObject = {"operationId": "createThing", "requestBody": body}
    assert imported(one(operation, "post", components={"schemas": {"A": loop, "B": BOOK}})).tools


def test_more_than_forty_are_not_taken_without_a_choice() -> None:
    paths: JsonObject = {f"/things{number}": {"get": {"responses": {}}} for number in range(41)}
    root = {**one({}), "paths": paths}
    with pytest.raises(BadDocument, match=r"41 operations.*--list.*--operations"):
        imported(root, operations=())
    assert len(imported(root, operations=("GET /things1*",)).tools) == 11
    with pytest.raises(BadDocument, match=r"No operation is meant by 'things40'\. Near it are: GET /things40"):
        imported(root, operations=("things40",))


def test_a_header_that_all_tools_have_alike_stands_once() -> None:
    header: Json = [{"name": "Api-Version", "in": "header", "schema": {"enum": ["2026-01"]}}]
    paths: JsonObject = {path: {"get": {"parameters": header, "responses": {}}} for path in ("/a", "/b")}
    found = imported({**one({}), "paths": paths})
    assert found.connector.keys["headers"] == {"Api-Version": "2026-01"}
    assert [each.keys.get("headers") for each in found.tools] == [None, None]


@pytest.mark.parametrize(
    ("answer", "parameters", "pages"),
    [
        ({"headers": {"Link": {}}}, ["page", "per_page"], {"by": "link", "size": "per_page", "most": 100}),
        ({"next": {"type": "string", "format": "uri"}}, ["page"], {"by": "url", "next": "/next"}),
        (
            {"has_more": {"type": "boolean"}},
            ["offset", "limit"],
            {"by": "offset", "parameter": "offset", "more": "/has_more", "size": "limit", "most": 100},
        ),
        (
            {"has_more": {"type": "boolean"}},
            ["starting_after", "ending_before", "limit"],
            {
                "by": "cursor",
                "last": "/id",
                "parameter": "starting_after",
                "more": "/has_more",
                "size": "limit",
                "most": 100,
            },
        ),
        ({}, ["page"], None),
    ],
)
def test_pages_where_they_are_plain(answer: dict[str, Json], parameters: list[str], pages: Json) -> None:
    query: list[Json] = [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in parameters]
    headers = answer.pop("headers", {})
    listed: JsonObject = {"things": {"type": "array", "items": {"properties": {"id": {"type": "string"}}}}, **answer}
    content: JsonObject = {"application/json": {"schema": {"properties": listed}}}
    responses: JsonObject = {"200": {"description": "Some.", "headers": headers, "content": content}}
    made = imported(one({"parameters": query, "responses": responses})).tools[0]
    assert made.keys.get("pages") == pages
    assert made.keys["items"] == "/things"


def test_what_is_guessed_is_said() -> None:
    root = merge(
        OPENAPI, {"paths": {"/books": {"get": {"security": [{"login": []}]}, "post": {"operationId": "searchBooks"}}}}
    )
    found = imported(root, operations=("/books",))
    assert found.notes[-1] == (
        "The document names no scopes for acme_list_books: they were given one that is asked for anyway."
    )
    assert found.tools[1].notes == ("If it only reads, its effect is read",)


def test_an_operation_at_another_address_is_asked_there() -> None:
    found = imported(one({"operationId": "uploadThing", "servers": [{"url": "https://files.acme.example/v1"}]}, "post"))
    assert found.tools[0].keys["request"] == "POST https://files.acme.example/v1/things"
    assert found.declared.allow == ("https://api.acme.example/", "https://files.acme.example/v1/")


def test_an_input_has_no_name_that_means_something_else() -> None:
    given: list[Json] = [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in ("item", "cursor", "detailed", "more", "idempotency_key", "a.b", "1st", "ключ")
    ]
    made = imported(one({"operationId": "listThings", "parameters": given})).tools[0]
    assert list(made.tool.input) == [
        "item_value",
        "cursor_value",
        "detailed_value",
        "more_value",
        "idempotency_key_value",
        "a_b",
        "n_1st",
        "value",
    ]
