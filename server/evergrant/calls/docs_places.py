"""Codecs of places in a Google document (`documents.get` with all tabs): where a text stands, and what is put there.

Google counts UTF-16 units, in which a model cannot count; so a place is named by the text that stands there.
"""

from collections.abc import Iterator

from evergrant.calls.docs_markdown import tabs_of
from evergrant.calls.documents import DEEPEST, children
from evergrant.calls.plain_codecs import as_text
from evergrant.calls.values import BadValue
from evergrant.model.json import Json, JsonObject, at, text_at

LONGEST_SHOWN = 60
UNIT = 2
"""Bytes of a UTF-16 unit."""


def docs_range(value: Json) -> Json:
    """From where to where `text` stands in the document `in`; raises BadValue unless it stands there once."""
    text = text_at(value, "/text") or ""
    found = [(tab, start) for tab in _tabs(value) for start in _starts(tab, text)]
    if len(found) != 1:
        shown = repr(text[:LONGEST_SHOWN])
        none = f"the document does not have the text {shown}; it must be as it stands there, without Markdown's signs"
        many = f"the document has the text {shown} {len(found)} times; give more of it, so that it is found once"
        raise BadValue(many if found else none)
    tab, start = found[0]
    return {"startIndex": start, "endIndex": start + len(_units(text)) // UNIT, **_id_of(tab)}


def docs_place(value: Json) -> Json:
    """The place after `text` (with `side: before` before it); without a text the end of the first tab."""
    if text_at(value, "/text") is None:
        tab = next(iter(_tabs(value)))
        return {"index": max(1, _end(at(tab, "/documentTab/body")) - 1), **_id_of(tab)}
    found = docs_range(value)
    edge = "startIndex" if text_at(value, "/side") == "before" else "endIndex"
    tab_id = at(found, "/tabId")
    return {"index": at(found, f"/{edge}"), **({"tabId": tab_id} if tab_id else {})}


def docs_table(value: Json) -> Json:
    """Requests that put a table of `rows` at the place `at`: the table, then the texts of its cells, the last first."""
    found = at(value, "/rows")
    rows = [list(row) for row in found if isinstance(row, list)] if isinstance(found, list) else []
    columns, place = max(map(len, rows), default=0), at(value, "/at")
    index = int(text_at(place, "/index") or 1)
    table: Json = {"insertTable": {"rows": len(rows), "columns": columns, "location": place}}
    texts: list[Json] = [
        {"insertText": {"location": _placed(place, _in_cell(index, columns, row, column)), "text": text}}
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
        if (text := as_text(cell))
    ]
    return [table, *reversed(texts)]


def _in_cell(index: int, columns: int, row: int, column: int) -> int:
    """Where an empty table's cell takes text: a new line comes before the table, table, row and cell each begin with a
    unit, and each cell has an empty paragraph."""
    return index + 4 + row * (1 + 2 * columns) + 2 * column


def _placed(place: Json, index: int) -> Json:
    tab = text_at(place, "/tabId")
    return {"index": index, **({"tabId": tab} if tab else {})}


def _tabs(value: Json) -> list[Json]:
    document = at(value, "/in")
    return list(tabs_of(document, 0)) or [{"documentTab": document}]


def _id_of(tab: Json) -> JsonObject:
    found = text_at(tab, "/tabProperties/tabId")
    return {"tabId": found} if found else {}


def _starts(tab: Json, text: str) -> Iterator[int]:
    units, wanted = _written(at(tab, "/documentTab/body")), _units(text)
    place = units.find(wanted) if wanted else -1
    while place >= 0:
        if place % UNIT == 0:
            yield place // UNIT
        place = units.find(wanted, place + 1)


def _written(body: Json) -> bytes:
    """The text of a tab, each unit in its place; zeros where no text is."""
    units = bytearray(UNIT * _end(body))
    for start, text in _runs(body, 0):
        units[UNIT * start : UNIT * start + len(text)] = text
    return bytes(units)


def _runs(body: Json, depth: int) -> Iterator[tuple[int, bytes]]:
    for block in children(body, "/content") if depth < DEEPEST else ():
        for element in children(block, "/paragraph/elements"):
            yield int(text_at(element, "/startIndex") or 0), _units(text_at(element, "/textRun/content") or "")
        for row in children(block, "/table/tableRows"):
            for cell in children(row, "/tableCells"):
                yield from _runs(cell, depth + 1)


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _end(body: Json) -> int:
    ends = (at(block, "/endIndex") for block in children(body, "/content"))
    return max((end for end in ends if isinstance(end, int)), default=1)
