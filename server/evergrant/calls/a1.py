"""A1 notation: a tab and its cells as they are written, and as numbers."""

import re

from evergrant.calls.values import BadValue
from evergrant.model.json import Json

A1 = re.compile(r"([A-Za-z]{1,3})?([1-9][0-9]{0,6})?(?::([A-Za-z]{1,3})?([1-9][0-9]{0,6})?)?")


def bounds(cells: str) -> dict[str, Json]:
    """The edges of a GridRange, counted from 0, each end exclusive; what is open is left out. Raises BadValue."""
    found = A1.fullmatch(cells)
    if found is None:
        raise BadValue(f"not a range such as A1:D20: {cells[:60]!r}")
    left, top, right, bottom = found.groups() if ":" in cells else (*found.groups()[:2], *found.groups()[:2])
    columns = sorted(_column(each) for each in (left, right) if each)
    rows = sorted(int(each) for each in (top, bottom) if each)
    edges = {
        "startRowIndex": rows[0] - 1 if top else None,
        "endRowIndex": rows[-1] if bottom else None,
        "startColumnIndex": columns[0] if left else None,
        "endColumnIndex": columns[-1] + 1 if right else None,
    }
    return {name: edge for name, edge in edges.items() if edge is not None}


def split(text: str) -> tuple[str | None, str]:
    """The tab of a range, None where it names none, and its cells."""
    tab, mark, cells = text.rpartition("!")
    return (unquoted(tab), cells) if mark else (None, text)


def unquoted(tab: str) -> str:
    """A tab's name without the quotes that a range may have around it."""
    is_quoted = len(tab) > 1 and tab[0] == tab[-1] == "'"
    return tab[1:-1].replace("''", "'") if is_quoted else tab


def tab_of(text: str) -> str:
    """The tab as it is written in a range, with its exclamation mark."""
    tab, mark, _ = text.rpartition("!")
    return tab + mark


def start(text: str) -> tuple[int, int]:
    """The column, from 0, and the row, from 1, where a range begins."""
    found = A1.fullmatch(split(text)[1])
    return (_column(found[1] or "A"), int(found[2] or 1)) if found else (0, 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def letters(column: int) -> str:
    """What a column is called, the first being 0."""
    written, left = "", column + 1
    while left:
        left, digit = divmod(left - 1, 26)
        written = chr(ord("A") + digit) + written
    return written
