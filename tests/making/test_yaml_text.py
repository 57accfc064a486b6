"""YAML that is written is read back as it was, whatever stands in it, and looks as if written by hand."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evergrant.catalog.reading import read
from evergrant.making.yaml_text import Writer, flow
from evergrant.model.json import Json

NASTY = (
    "true",
    "No",
    "null",
    "~",
    "1.5",
    "a: b",
    "a #b",
    "- a",
    "$x",
    "/a/*",
    "a, b",
    "{x}",
    "x ",
    "a" * 200,
    "w " * 90,
)
texts = st.one_of(st.text(st.characters(codec="utf-8"), max_size=30), st.sampled_from(NASTY))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts)
values: st.SearchStrategy[Json] = st.recursive(
    scalars, lambda part: st.one_of(st.lists(part, max_size=3), st.dictionaries(texts, part, max_size=4)), max_leaves=12
)


def written(value: Mapping[str, Json]) -> Mapping[str, Json]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "x.yaml"
        file.write_text("\n".join(Writer().mapping(value)) + "\n", encoding="utf-8")
        return read(file)


@given(st.dictionaries(texts, values, min_size=1, max_size=4))
@example({"steps": [{}]})
def test_what_is_written_is_read_back(value: dict[str, Json]) -> None:
    assert written(value) == value


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=300))
def test_a_description_is_read_back(text: str) -> None:
    assert written({"acme_get_thing": {"description": text}}) == {"acme_get_thing": {"description": text}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"type": "string", "description": "Which one."}, "{type: string, description: Which one.}"),
        (["https://a.example/x", "a, b"], '[https://a.example/x, "a, b"]'),
        ({"a": "$b", "c": {"$join": {"by": ",", "of": "$d"}}}, '{a: $b, c: {$join: {by: ",", of: $d}}}'),
        ({"yes": "no", "n": None, "x": True}, '{"yes": "no", "n": null, x: true}'),
    ],
)
def test_it_has_no_more_quotes_than_it_needs(value: Json, text: str) -> None:
    assert flow(value) == text
