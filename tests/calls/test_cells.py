"""Spreadsheets: rows by the names of columns, places, colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.calls.cells import grid_range, named_cells, numbered_rows, rgb
from evergrant.calls.values import BadValue
from evergrant.model.json import Json, JsonObject, at

DEALS: JsonObject = {
    "range": "'My deals'!B3:D9",
    "values": [["Name", "Sum", "Name"], ["Acme Inc", 12500, ""], [], ["Globex", "800", "acme"], ["Hooli"]],
}
SHEETS: Json = [
    {"properties": {"title": "Sheet1"}},
    {"properties": {"sheetId": 77, "title": "Bob's Q4"}},
    {"properties": {"sheetId": 78, "title": "AB12"}},
]


def rows(**asked: Json) -> list[Json]:
    found = at(numbered_rows({"of": DEALS, **asked}), "/rows")
    assert isinstance(found, list)
    return [at(row, "/row") for row in found]


def test_rows_have_the_spreadsheets_own_numbers_and_no_empty_cells() -> None:
    assert numbered_rows({"of": DEALS}) == {
        "columns": ["Name", "Sum", "Name (3)"],
        "rows": [
            {"row": 4, "cells": {"Name": "Acme Inc", "Sum": 12500}},
            {"row": 6, "cells": {"Name": "Globex", "Sum": "800", "Name (3)": "acme"}},
            {"row": 7, "cells": {"Name": "Hooli"}},
        ],
        "total": 3,
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"text": "ACME"}, [4, 6]),
        ({"text": "acme", "column": "name"}, [4]),
        ({"text": "acme", "match": "equals"}, [6]),
        ({"text": "12500", "match": "equals"}, [4]),
        ({"text": "nobody"}, []),
        ({"skip": 1}, [6, 7]),
        ({"skip": 1, "limit": 1}, [6]),
    ],
)
def test_rows_are_found_by_a_text_in_them(asked: JsonObject, found: list[Json]) -> None:
    assert rows(**asked) == found


def test_a_cell_beyond_the_names_is_not_lost() -> None:
    found = numbered_rows({"of": {"range": "A1:B2", "values": [["Name"], ["Acme", "odd"]]}})
    assert at(found, "/rows/0/cells") == {"Name": "Acme", "column 2": "odd"}


def test_a_column_that_is_not_there_is_answered_with_those_that_are() -> None:
    assert numbered_rows({"of": DEALS, "column": "Owner", "text": "x"}) == {
        "missing_column": "Owner",
        "columns": ["Name", "Sum", "Name (3)"],
    }


@pytest.mark.parametrize("of", [{}, {"range": "A1:B2"}, {"range": "A1:B2", "values": []}, None])
def test_an_empty_range_has_no_rows(of: Json) -> None:
    assert numbered_rows({"of": of}) == {"columns": [], "rows": [], "total": 0}


def test_cells_are_addressed_by_their_columns_names() -> None:
    assert named_cells({"header": DEALS, "row": 6, "cells": {"sum": 900, "Name (3)": None}}) == [
        {"range": "'My deals'!C6", "values": [[900]]},
        {"range": "'My deals'!D6", "values": [[None]]},
    ]
    far: JsonObject = {"range": "Sheet1!Y1:AB1", "values": [["a", "b", "c"]]}
    assert named_cells({"header": far, "row": 2, "cells": {"c": 1}}) == [{"range": "Sheet1!AA2", "values": [[1]]}]


@pytest.mark.parametrize(
    ("header", "said"), [(DEALS, "there are Name, Sum, Name .3."), ({"range": "A1:Z1"}, "the row of names is empty")]
)
def test_a_cell_of_an_unknown_column_is_refused(header: Json, said: str) -> None:
    with pytest.raises(BadValue, match=f"no column 'Owner'; .*{said}"):
        named_cells({"header": header, "row": 6, "cells": {"Owner": 1}})


@pytest.mark.parametrize(
    ("text", "sheet", "edges"),
    [
        ("A1", 0, (0, 1, 0, 1)),
        ("B2:A1", 0, (0, 2, 0, 2)),
        ("sheet1!A1:AA20", 0, (0, 20, 0, 27)),
        ("'Bob''s Q4'!A2:C", 77, (1, None, 0, 3)),
        ("Bob's Q4!B:B", 77, (None, None, 1, 2)),
        ("2:3", 0, (1, 3, None, None)),
        ("'Bob''s Q4'", 77, (None, None, None, None)),
        ("AB12", 78, (None, None, None, None)),
        ("AB13", 0, (12, 13, 27, 28)),
    ],
)
def test_a_range_becomes_a_grid_range(text: str, sheet: int, edges: tuple[int | None, ...]) -> None:
    names = ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")
    wanted = {name: edge for name, edge in zip(names, edges, strict=True) if edge is not None}
    assert grid_range({"range": text, "sheets": SHEETS}) == {"sheetId": sheet, **wanted}


@pytest.mark.parametrize(
    ("text", "said"), [("May!A1", "no tab 'May'; there are Sheet1"), ("Sheet1!A1:B2:C3", "not a range"), ("", "no tab")]
)
def test_what_is_no_range_is_refused(text: str, said: str) -> None:
    sheets: Json = SHEETS if text else None
    with pytest.raises(BadValue, match=said):
        grid_range({"range": text, "sheets": sheets})


def test_a_colour_is_given_in_shares() -> None:
    assert rgb("#ff0080") == {"red": 1.0, "green": 0.0, "blue": 0.502}
    with pytest.raises(BadValue, match="not a colour"):
        rgb("red")


@given(st.integers(min_value=0, max_value=800))
def test_a_column_is_where_its_letters_say(column: int) -> None:
    header: JsonObject = {"range": "S!A1:AZZ1", "values": [[f"c{number}" for number in range(column + 1)]]}
    placed = text_of(named_cells({"header": header, "row": 1, "cells": {f"c{column}": 1}}))
    found = grid_range({"range": placed, "sheets": [{"properties": {"title": "S"}}]})
    assert at(found, "/startColumnIndex") == column


def text_of(ranges: Json) -> Json:
    return at(ranges, "/0/range")
