"""A form is checked as a JSON Schema is."""

# pyright: reportUnknownMemberType=false

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.form import TYPES, form_of, is_small
from evergrant.model.json import Json, JsonObject

NAMES = st.sampled_from(["a", "b", "c"])
SCHEMAS = cast(
    "st.SearchStrategy[dict[str, Any]]",
    st.recursive(
        st.fixed_dictionaries({}, optional={"type": st.sampled_from(sorted(TYPES))}),
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["object", "array", ["object", "null"], ["array", "string", "null"]]),
                "properties": st.dictionaries(NAMES, inner, max_size=3),
                "required": st.lists(NAMES, max_size=2, unique=True),
                "items": inner,
                "description": st.just("words"),
            },
        ),
        max_leaves=8,
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 1.5]) | st.sampled_from(["", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400)
@given(SCHEMAS, VALUES)
def test_it_says_what_the_general_validator_says(schema: JsonObject, value: Json) -> None:
    fits = form_of(schema)

    assert is_small(schema)
    assert fits
    assert fits(value) == Draft202012Validator(dict(schema)).is_valid(value)


def test_what_a_form_does_not_know_goes_to_the_general_validator() -> None:
    fits = form_of({"type": "object", "properties": {"a": {"enum": [1, 2]}}})

    assert fits
    assert fits({"a": 1})
    assert not fits({"a": 3})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"type": "object", "properties": {"a": {"minimum": "one"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}},
        {"properties": []},
        {"required": [1]},
    ],
)
def test_what_is_no_schema_or_points_elsewhere_has_no_form(schema: JsonObject) -> None:
    assert form_of(schema) is None


def test_every_shipped_tool_has_a_small_form_or_none() -> None:
    catalog = Catalog([ROOT])
    schemas = [tool.output_schema for name in catalog.connectors() for tool in catalog.tools(name).values()]

    assert all(is_small(cast("Json", schema)) for schema in schemas if schema is not None)
