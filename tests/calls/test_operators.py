"""Operators of templates, in requests and in shapes."""

import pytest

from evergrant.calls.template import fill, fill_query, shaped
from evergrant.calls.values import ABSENT, BadValue, Filled, Part
from evergrant.catalog.template import faults, names
from evergrant.model.json import Json, JsonObject

VALUES: JsonObject = {
    "name": "O'Hara",
    "people": ["ann", "bob"],
    "read": False,
    "more": {"colour": "red", "size": 9},
    "found": {"id": 7, "site": {"name": "x"}},
    "none": [],
}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$found/id", 7),
        ("$found/site/name", "x"),
        ("$found/gone", ABSENT),
        ("$$name", "$name"),
        ({"$each": {"of": "$people", "put": {"email": "$item"}}}, [{"email": "ann"}, {"email": "bob"}]),
        ({"$each": {"of": "$none", "put": "$item"}}, []),
        ({"$each": {"of": "$gone", "put": "$item"}}, ABSENT),
        ({"$join": {"by": " and ", "of": ["$name", "$gone", "x"]}}, "O'Hara and x"),
        ({"$join": {"by": ",", "of": ["$gone"]}}, ABSENT),
        ({"$format": {"text": "name = {n}", "n": {"$single_quoted": "$name"}}}, r"name = 'O\'Hara'"),
        ({"$format": {"text": "{a}", "a": "$gone"}}, ABSENT),
        ({"$case": {"of": "$read", "true": ["UNREAD"], "else": "x"}}, "x"),
        ({"$case": {"of": "$read", "false": ["UNREAD"]}}, ["UNREAD"]),
        ({"$case": {"of": "$name", "of_another": 1}}, ABSENT),
        ({"$first": ["$gone", "$name", "x"]}, "O'Hara"),
        ({"$merge": [{"size": 1, "a": "$gone"}, "$more", "$gone"]}, {"size": 9, "colour": "red"}),
        ({"$merge": ["$gone"]}, ABSENT),
        ({"$union": {"of": ["$people", ["BOB", "cy"], "$gone"], "by": ""}}, ["ann", "bob", "cy"]),
        ({"$union": {"of": ["$none", [{"id": 1, "a": 2}, {"id": 1}]], "by": "/id"}}, [{"id": 1, "a": 2}]),
        ({"$union": {"of": ["$gone"], "by": ""}}, ABSENT),
    ],
)
def test_an_operator_decides_about_other_templates(template: Json, filled: Filled) -> None:
    assert list(faults(template)) == []
    assert fill(template, VALUES) == filled


@pytest.mark.parametrize(
    "template",
    [
        {"$each": {"of": "$name", "put": 1}},
        {"$merge": ["$name"]},
        {"$union": {"of": ["$name"], "by": ""}},
    ],
)
def test_what_an_operator_cannot_take_is_a_bad_value(template: Json) -> None:
    with pytest.raises(BadValue, match="is needed where"):
        fill(template, VALUES)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ({"$each": {"of": "$people"}}, "of and put"),
        ({"$first": "$name"}, "takes a list"),
        ({"$format": {"text": "{a} {b}", "a": "$name"}}, "the text has ['a', 'b'] and is given ['a']"),
        ({"a": [{"$gzip": "$name"}]}, "no such codec: gzip"),
    ],
)
def test_an_operator_that_is_not_well_formed_is_a_fault(template: Json, fault: str) -> None:
    assert any(fault in each for each in faults(template))


def test_names_are_those_of_values_and_not_of_elements() -> None:
    assert names({"$each": {"of": "$people", "put": ["$item/x", "$more/size"]}}) == {"people", "more"}


def test_the_keys_of_a_query_may_begin_with_a_dollar_sign() -> None:
    assert fill_query({"$filter": {"$join": {"by": ",", "of": ["$name"]}}, "$top": "$gone"}, VALUES) == {
        "$filter": "O'Hara"
    }


ANSWER: JsonObject = {
    "id": 1,
    "gone": None,
    "labels": [{"name": "a"}, {"title": "x"}, {"name": "b"}],
    "user": {"login": "ann"},
    "by_id": {"a": {"busy": [1]}, "b": {"busy": [2]}, "c": {}},
    "html": "<p>Hi <b>you</b></p><script>evil()</script>",
}


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        ({"id": "/id", "gone": "/gone", "by": "/user/login"}, {"id": 1, "by": "ann"}),
        ("/labels/*/name", ["a", "b"]),
        ("/by_id/*/busy", [[1], [2]]),
        ({"all": "."}, {"all": ANSWER}),
        ({"kind": "issue"}, {"kind": "issue"}),
        ({"$each": {"of": "/labels", "put": {"n": "/name"}}}, [{"n": "a"}, {"n": "b"}]),
        ({"text": {"$markdown": "/html"}}, {"text": "Hi **you**"}),
        ({"text": {"$plain": "/html"}}, {"text": "Hi\nyou"}),
        ({"x": "/none"}, None),
        ({"for": "$asked", "as": "$$asked", "none": "$other"}, {"for": "x", "as": "$asked"}),
        (
            {"$each": {"of": "/labels", "put": {"n": {"$first": ["/name", "$asked"]}}}},
            [{"n": "a"}, {"n": "x"}, {"n": "b"}],
        ),
        ({"$each": {"of": "/labels", "put": {"$first": ["/name", "$asked"]}}}, ["a", "x", "b"]),
    ],
)
def test_a_shape_takes_what_is_there(shape: Json, given: Json) -> None:
    assert shaped(shape, ANSWER, {"asked": "x"}) == given


def test_an_answer_of_another_kind_than_the_shape_is_for_is_given_whole() -> None:
    assert shaped({"$each": {"of": "/id", "put": "."}}, {"id": 1}, {}) == {"id": 1}
    assert shaped({"text": {"$base64_text": "/id"}}, {"id": "?"}, {}) == {"id": "?"}


def test_bytes_may_stand_in_a_form() -> None:
    part = Part("text/plain", b"hi", "a.txt")
    assert fill({"file": {"$bytes": {"type": "text/plain", "base64": "aGk=", "name": "a.txt"}}}, {}) == {"file": part}
