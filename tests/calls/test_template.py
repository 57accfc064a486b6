import base64

import pytest

from evergrant.calls.codecs import BadValue, Part
from evergrant.calls.template import fill
from evergrant.calls.values import ABSENT, Filled
from evergrant.model.json import Json, JsonObject

VALUES: JsonObject = {"text": "hello", "number": 7, "yes": True, "none": None, "list": [1, {"a": 2}], "empty": []}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$text", "hello"),
        ("$number", 7),
        ("$yes", True),
        ("$none", None),
        ("$list", [1, {"a": 2}]),
        ("$empty", []),
        ("text", "text"),
        ("a $text", "a $text"),
        (3, 3),
        (None, None),
        ({"a": "$text", "b": {"c": "$number", "d": "literal"}}, {"a": "hello", "b": {"c": 7, "d": "literal"}}),
        (["$text", "$number"], ["hello", 7]),
    ],
)
def test_an_input_stands_in_its_place_with_its_type(template: Json, filled: Filled) -> None:
    assert fill(template, VALUES) == filled


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$missing", ABSENT),
        ({"a": "$missing"}, ABSENT),
        ({"a": "$missing", "b": "$text"}, {"b": "hello"}),
        ({"a": {"b": ["$missing", {"c": "$missing"}]}}, ABSENT),
        ({"a": {"b": "$missing"}, "c": 1}, {"c": 1}),
        (["$missing", "$text"], ["hello"]),
        (["$missing"], ABSENT),
        ({"$adf": "$missing"}, ABSENT),
    ],
)
def test_what_absent_inputs_leave_empty_vanishes(template: Json, filled: Filled) -> None:
    assert fill(template, VALUES) == filled


@pytest.mark.parametrize("literal", [{}, [], {"a": {}}, {"a": []}, {"a": None}])
def test_literals_stay_also_when_they_are_empty(literal: Json) -> None:
    assert fill(literal, VALUES) == literal


def test_an_inputs_own_text_is_not_filled() -> None:
    assert fill({"a": "$x"}, {"x": "$y", "y": "secret"}) == {"a": "$y"}
    assert fill({"a": "$x"}, {"x": {"$adf": "z"}}) == {"a": {"$adf": "z"}}


def test_a_codec_takes_its_filled_value() -> None:
    filled = fill({"body": {"$adf": "$text"}}, VALUES)
    assert filled == {
        "body": {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": "hello"}]}],
        }
    }


def test_bytes_stay_in_a_list_of_parts() -> None:
    content = base64.b64encode(b"\x00\x01").decode()
    filled = fill([{"name": "$text"}, {"$bytes": {"type": "image/png", "base64": content}}], VALUES)
    assert filled == [{"name": "hello"}, Part("image/png", b"\x00\x01")]


def test_a_codec_may_refuse_its_value() -> None:
    with pytest.raises(BadValue, match="not base64"):
        fill({"$bytes": {"base64": "$text"}}, {"text": "?"})
