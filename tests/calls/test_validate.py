import pytest
from tests.calls.samples import tool

from evergrant.calls.validate import LONGEST_MESSAGE, fault
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json


@pytest.fixture
def search() -> Tool:
    return tool(
        input={
            "name": {"type": "string"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "filters": {"type": "array", "items": {"type": "object", "required": ["field"]}},
        },
        required=["name"],
    )


def test_an_input_that_fits_has_no_fault(search: Tool) -> None:
    assert fault("acme_search", search, {"name": "x", "limit": 5, "filters": [{"field": "a"}]}) is None


@pytest.mark.parametrize(
    ("given", "pointer", "words"),
    [
        ({}, "", "at the top: 'name' is a required property"),
        ({"name": 3}, "/name", "at /name: 3 is not of type 'string'"),
        ({"name": "x", "limit": 0}, "/limit", "0 is less than the minimum of 1"),
        ({"name": "x", "limit": True}, "/limit", "True is not of type 'integer'"),
        ({"name": "x", "nam": "y"}, "", "'nam' was unexpected"),
        ({"name": "x", "filters": [{"field": 1}, {}]}, "/filters/1", "'field' is a required property"),
        ([], "", "is not of type 'object'"),
        ("x", "", "is not of type 'object'"),
        (None, "", "is not of type 'object'"),
    ],
)
def test_a_fault_says_where_what_and_what_to_do(search: Tool, given: Json, pointer: str, words: str) -> None:
    wrong = fault("acme_search", search, given)
    assert wrong is not None
    assert wrong.code == "invalid_input"
    assert wrong.pointer == pointer
    assert "acme_search" in wrong.what_happened
    assert words in wrong.what_happened
    assert "describe_tools with acme_search" in wrong.what_to_do


def test_a_long_input_does_not_make_a_long_message(search: Tool) -> None:
    wrong = fault("acme_search", search, {"name": ["x" * 10_000]})
    assert wrong is not None
    assert len(wrong.what_happened) < LONGEST_MESSAGE + 100


def test_a_pointer_escapes_what_rfc_6901_says() -> None:
    loose = tool(input={"fields": {"additionalProperties": {"type": "string"}}}, example={})
    wrong = fault("acme_search", loose, {"fields": {"a/b~c": 1}})
    assert wrong is not None
    assert wrong.pointer == "/fields/a~1b~0c"
