import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from evergrant.calls.codecs import codecs
from evergrant.catalog.template import CODECS, names
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject

SAMPLE: JsonObject = {
    "description": "Change a thing of a person.",
    "request": "PATCH /people/{person}/things/{thing_id}",
    "effect": "write",
    "input": {
        "person": {"type": "string"},
        "thing_id": {"type": "integer"},
        "text": {"type": "string"},
        "more": {"type": "object"},
    },
    "required": ["person", "thing_id"],
    "body": {"fields": {"text": "$text"}, "literal": 1, "list": ["$more"]},
    "example": {"person": "ada", "thing_id": 7},
}


def tool(**changes: Json) -> Tool:
    return Tool.model_validate({**SAMPLE, **changes})


def test_a_request_is_a_method_and_a_path() -> None:
    assert (tool().method, tool().path) == ("PATCH", "/people/{person}/things/{thing_id}")


def test_the_input_schema_is_closed_and_a_schema() -> None:
    schema = tool().input_schema
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["person", "thing_id"]


def test_the_validator_is_that_of_the_whole_input() -> None:
    assert tool().validator.schema == tool().input_schema


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"body": {"a": "$missing"}}, "not an input: missing"),
        ({"query": {"a": ["$missing"]}}, "not an input: missing"),
        ({"required": ["person", "thing_id", "missing"]}, "not an input: missing"),
        ({"example": {"missing": 1}}, "not an input: missing"),
        ({"request": "GET /{missing}"}, "not an input: missing"),
        ({"required": ["person"]}, "in the path, so it must be required or have a default: thing_id"),
        ({"request": "FETCH /x"}, "request"),
        ({"request": "GET x"}, "request"),
        ({"effect": "maybe"}, "effect"),
        ({"description": "short"}, "description"),
        ({"colour": "red"}, "colour"),
        ({"slots": {"way": "$text"}}, "a slot is a whole segment of the path, and there is none called way"),
        ({"slots": {"thing_id": {"$gzip": "$text"}}}, "no such codec: gzip"),
    ],
)
def test_a_tool_that_does_not_hang_together_is_refused(changes: dict[str, Json], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        tool(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"each": "ids", "effect": "write"},
        {"each": "ids", "items": "/list"},
        {"each": "text"},
        {"each": "ids", "input": {"ids": {"type": "array", "minItems": 1, "maxItems": 51}}},
    ],
)
def test_only_what_is_read_for_a_short_list_is_asked_for_one_by_one(changes: dict[str, Json]) -> None:
    few: Json = {"ids": {"type": "array", "minItems": 1, "maxItems": 50}, "text": {"type": "string"}}
    given: dict[str, Json] = {"input": few, "request": "GET /x/{item}", "effect": "read", "body": None, "required": []}
    given["example"] = dict[str, Json]()
    with pytest.raises(ValidationError, match="each"):
        tool(**(given | changes))
    given["each"] = "ids"
    assert tool(**given).used == {"ids"}


@pytest.mark.parametrize("where", ["query", "body"])
@pytest.mark.parametrize(
    "template", [{"c": {"$gzip": "$text"}}, {"a": {"b": [{"$gzip": "$text"}]}}, {"c": {"$gzip": {"$adf": "$text"}}}]
)
def test_an_unknown_codec_is_answered_with_those_there_are(where: str, template: Json) -> None:
    with pytest.raises(ValidationError, match="no such codec: gzip; there are adf, "):
        tool(**{where: template})


@pytest.mark.parametrize("template", [{"$adf": ["$text", "$more"]}, {"$gzip": "$text", "b": "$more"}])
def test_a_codec_is_the_only_key_of_its_mapping(template: Json) -> None:
    assert tool(body=template).body == template


def test_the_codecs_that_a_tool_may_name_are_those_there_are() -> None:
    assert set(codecs()) == CODECS


@pytest.mark.parametrize("request_line", ["POST /x", "PUT /x", "PATCH /x"])
def test_an_input_that_no_part_of_the_request_uses_is_refused(request_line: str) -> None:
    unused: dict[str, Json] = {"request": request_line, "required": [], "example": {}, "query": {"p": "$person"}}
    with pytest.raises(ValidationError, match="named neither in the path nor in query or body: more, thing_id"):
        tool(**unused, body={"text": "$text"})
    assert tool(**unused, body={"text": ["$text", "$more", "$thing_id"]}).body is not None


@pytest.mark.parametrize("changes", [{"body": None}, {"request": "DELETE /x/{person}/{thing_id}", "body": "$text"}])
def test_inputs_that_have_a_place_of_their_own_need_no_naming(changes: dict[str, Json]) -> None:
    assert "more" in tool(**changes).input


@pytest.mark.parametrize(
    ("template", "used"),
    [
        ("$a", {"a"}),
        ("a", set[str]()),
        ({"$codec": {"x": "$a"}}, {"a"}),
        (["$a", {"b": ["$b", 1]}], {"a", "b"}),
        (None, set[str]()),
    ],
)
def test_the_inputs_of_a_template_are_those_it_names(template: Json, used: set[str]) -> None:
    assert names(template) == used


@pytest.mark.parametrize("pages", [{"by": "page", "last": "/id"}, {"by": "cursor", "last": "/id", "next": "/next"}])
def test_a_cursor_is_in_the_last_item_or_beside_the_list(pages: JsonObject) -> None:
    with pytest.raises(ValidationError, match="last stands in place of next"):
        tool(items="/list", pages=pages)


def test_an_input_with_a_default_may_stand_in_the_path_and_be_left_out() -> None:
    given: Json = {"person": {"type": "string", "default": "me"}, "thing_id": {"type": "integer"}}
    assert tool(input=given, required=["thing_id"], body=None, example={"thing_id": 7}).required == ("thing_id",)
