"""Pages of a result: each within its size, and together the whole."""

import json
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from evergrant.model.json import Json, JsonObject
from evergrant.service.cut_place import Place
from evergrant.service.cut_size import LARGEST_DATA, Size, as_json_text
from evergrant.service.cuts import Cut, NoSuchPage, cut

MOST = 400
TEXTS = st.text(max_size=300)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=30,
)


def pages(content: Json, most: int = MOST) -> list[Cut]:
    found = [cut(content, most)]
    while (cursor := found[-1].cursor) is not None:
        found.append(cut(content, most, cursor))
        assert len(found) < 10_000
    return found


def whole(found: list[Cut]) -> Json:
    """What the pages are together, as an agent would put them together."""
    first = found[0]
    if not first.is_data:  # no bulk
        return cast("Json", json.loads("".join(str(page.value) for page in found)))
    return _joined(first.value, found[1:])


def _joined(value: Json, rest: list[Cut]) -> Json:
    piece = ""
    for page in rest:
        if page.is_data:
            value = _merged(value, page.value)
            continue
        piece += str(page.value)
        if page.cursor is None or page.cursor[:1] != "i" or "." not in page.cursor:
            item = json.loads(piece)
            piece, value = "", _appended(value, item)
    return value


def _merged(value: Json, more: Json) -> Json:
    if isinstance(value, str):
        return value + str(more)
    if isinstance(value, list):
        return [*value, *cast("list[Json]", more)]
    members = dict(cast("JsonObject", value))
    for name, part in cast("JsonObject", more).items():
        members[name] = _merged(members[name], part) if name in members else part
    return members


def _appended(value: Json, item: Json) -> Json:
    if isinstance(value, list):
        return [*value, item]
    members = dict(cast("JsonObject", value))
    name = max(members, key=lambda each: isinstance(members[each], list | dict))
    return {**members, name: _appended(members[name], item)}


@settings(max_examples=150)
@given(VALUES)
def test_every_page_fits_and_the_last_one_comes(content: Json) -> None:
    for page in pages(content):
        assert len(as_json_text(page.value)) <= MOST


@settings(max_examples=100)
@given(st.lists(TEXTS | st.integers(), max_size=40), st.integers(0, 9), TEXTS)
def test_the_pages_of_a_list_are_together_the_whole(items: list[Json], total: int, cursor: str) -> None:
    content: Json = {"items": items, "total": total, "next_cursor": cursor[:100]}

    assert whole(pages(content)) == content


@settings(max_examples=100)
@given(st.text(max_size=3000))
def test_the_pages_of_a_text_are_together_the_whole(text: str) -> None:
    assert whole(pages({"type": "text/plain", "text": text})) == {"type": "text/plain", "text": text}
    assert whole(pages(text)) == text


def test_a_list_is_paged_by_items_and_the_services_own_cursor_comes_last() -> None:
    found = pages({"items": [{"id": number} for number in range(100)], "total": 100, "next_cursor": "theirs"})

    assert found[0].value == {"items": [{"id": number} for number in range(36)], "total": 100}
    assert (found[0].shown, found[0].cursor) == ("items 1 to 36 of 100", "i36")
    assert all("total" not in cast("JsonObject", page.value) for page in found[1:])
    assert [cast("JsonObject", page.value).get("next_cursor") for page in found] == [None] * (len(found) - 1) + [
        "theirs"
    ]


def test_a_list_deep_within_keeps_its_place() -> None:
    found = pages({"data": {"issues": {"nodes": list(range(1000)), "more": False}}})

    assert all(set(cast("JsonObject", page.value)) == {"data"} for page in found)
    assert whole(found) == {"data": {"issues": {"nodes": list(range(1000)), "more": False}}}


def test_finding_the_bulk_of_a_deep_answer_costs_no_more_than_reading_it_a_few_times() -> None:
    measured: list[int] = []

    class Counting(Size):
        @override
        def of_text(self, text: str) -> int:
            measured.append(len(text))
            return super().of_text(text)

    content: Json = "x" * 100_000
    for _ in range(60):
        content = {"a": content, "b": {}}
    Place.of_bulk(content, Counting(MOST * 100))

    assert sum(measured) < 10 * len(as_json_text(content))


def test_an_item_that_is_too_large_comes_in_pieces_of_its_json() -> None:
    found = pages({"items": [1, {"text": "x" * 900}, 2]})

    assert [page.is_data for page in found] == [True, False, False, False, True]
    assert found[1].shown == "characters 1 to 300 of 911 of the JSON of item 2 of 3"
    assert whole(found) == {"items": [1, {"text": "x" * 900}, 2]}


def test_what_has_no_bulk_comes_in_pieces_of_its_json() -> None:
    content: Json = {"a": "x" * 390, "b": "y" * 390}

    assert whole(pages(content)) == content
    assert not pages(content)[0].is_data


@pytest.mark.parametrize("cursor", ["", "i", "c5", "j5", "i100", "i0.999", "x1", "i-1", "i1.2.3", "i" + "9" * 30])
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(NoSuchPage):
        cut({"items": [{"id": number} for number in range(100)]}, MOST, cursor)


@pytest.mark.parametrize("character", ["x", "é", "\U0001f600", '"', "\\", "\n"])
def test_a_large_page_keeps_within_the_wire_whatever_is_in_it(character: str) -> None:
    for content in (
        [character * 1000] * 900,
        character * 900_000,
        {"a": character * 300_000, "b": [character * 300_000]},
    ):
        text = json.dumps(cut(content, 800_000).value)
        assert len(text) + len(json.dumps(as_json_text(json.loads(text)))) <= LARGEST_DATA


def test_pages_do_not_overlap() -> None:
    found = pages(list(range(2000)))

    for before, after in pairwise(found):
        assert cast("list[int]", before.value)[-1] + 1 == cast("list[int]", after.value)[0]
