"""Codecs of spreadsheets: rows and cells by the names of their columns, places in A1 notation, colours.

A range is as Google Sheets gives one: `{range: "'My tab'!A1:C9", values: [[...], ...]}`; its first row has the names.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from evergrant.calls.a1 import A1, bounds, letters, split, start, tab_of, unquoted
from evergrant.calls.plain_codecs import as_text, column_names, members
from evergrant.calls.values import BadValue
from evergrant.model.json import Json, at, text_at

HEX = re.compile(r"#?([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})")


def numbered_rows(value: Json) -> Json:
    """The rows of a range (`of`) as `{row, cells}`: the spreadsheet's own number, and what is not empty by its column.

    With `text` only those of which a cell of `column`, or of any, contains it; with `match: equals` only those where it
    is all. `skip` and `limit` cut them; `total` counts them all.
    """
    rows = _rows(value)
    names = column_names([*rows[0], *[""] * (max(map(len, rows)) - len(rows[0]))]) if rows else []
    column, text = text_at(value, "/column"), text_at(value, "/text")
    if column is not None and _place(names, column) is None:
        return {"missing_column": column, "columns": names}
    first = start(text_at(value, "/of/range") or "")[1]
    found = [row for row in _numbered(names, rows[1:], first + 1) if text is None or _has(row, column, text, value)]
    skip = _number(value, "/skip", 0)
    return {"columns": names, "rows": found[skip : skip + _number(value, "/limit", len(found))], "total": len(found)}


def _rows(value: Json) -> list[list[Json]]:
    values = at(value, "/of/values")
    return [list(row) for row in values if isinstance(row, list)] if isinstance(values, list) else []


def _numbered(names: Sequence[str], rows: Sequence[Sequence[Json]], first: int) -> Iterator[dict[str, Json]]:
    for number, row in enumerate(rows, first):
        cells = {name: cell for name, cell in zip(names, row, strict=False) if cell not in ("", None)}
        if cells:
            yield {"row": number, "cells": cells}


def _has(row: Mapping[str, Json], column: str | None, text: str, asked: Json) -> bool:
    whole, wanted = text_at(asked, "/match") == "equals", _folded(text)
    looked_at = [_folded(cell) for name, cell in members(row["cells"]).items() if column is None or _same(name, column)]
    return any(cell == wanted if whole else wanted in cell for cell in looked_at)


def named_cells(value: Json) -> Json:
    """The `cells` of one `row`, `{column: value}`, as ranges of one cell each; `header` is the range of the names."""
    header = at(value, "/header")
    names = column_names((_rows({"of": header}) or [[]])[0])
    tab, (first, _) = tab_of(text_at(header, "/range") or ""), start(text_at(header, "/range") or "")
    row = _number(value, "/row", 1)
    return [
        {"range": f"{tab}{letters(first + _known(names, name))}{row}", "values": [[cell]]}
        for name, cell in members(at(value, "/cells")).items()
    ]


def _known(names: Sequence[str], name: str) -> int:
    place = _place(names, name)
    if place is None:
        raise BadValue(
            f"there is no column {name!r}; there are {', '.join(names) or 'none: the row of names is empty'}"
        )
    return place


def grid_range(value: Json) -> Json:
    """A `range` in A1 notation as Google's GridRange: the tab's id, and where it begins and ends, counted from 0.

    `sheets` are those of the spreadsheet; a range without a tab is in the first one, and a tab alone is all of it.
    """
    text, sheets = text_at(value, "/range") or "", at(value, "/sheets")
    listed = sheets if isinstance(sheets, list) else []
    ids = {text_at(each, "/properties/title") or "": at(each, "/properties/sheetId") or 0 for each in listed}
    tab, cells = split(text)
    if tab is None and (text in ids or not A1.fullmatch(text)):
        tab, cells = unquoted(text), ""
    wanted = next(iter(ids), "") if tab is None else next((title for title in ids if _same(title, tab)), None)
    if wanted is None or wanted not in ids:
        raise BadValue(f"there is no tab {tab!r}; there are {', '.join(ids)}")
    return {"sheetId": ids[wanted], **bounds(cells)}


def rgb(value: Json) -> Json:
    """A colour such as `#1a73e8` as shares of red, green and blue."""
    found = HEX.fullmatch(as_text(value).strip())
    if found is None:
        raise BadValue(f"not a colour such as #1a73e8: {as_text(value)[:60]!r}")
    shares = [round(int(part, 16) / 255, 4) for part in found.groups()]
    return dict(zip(("red", "green", "blue"), shares, strict=True))


def _place(names: Sequence[str], wanted: str) -> int | None:
    return next((number for number, name in enumerate(names) if _same(name, wanted)), None)


def _same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


def _folded(value: Json) -> str:
    return as_text(value).strip().casefold()


def _number(value: Json, pointer: str, otherwise: int) -> int:
    found = at(value, pointer)
    return found if isinstance(found, int) and not isinstance(found, bool) else otherwise
