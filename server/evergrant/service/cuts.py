"""Cutting a result that is too large for one answer into pages, never in the midst of JSON.

Pages are of items where a list is the bulk of the result, of characters where one text is, and else of characters of
its JSON, which is said. A cursor tells where its page begins: `i40` at an item, `i40.5000` within the JSON of an item
that is too large itself, `c5000` in the text, `j5000` in the JSON of the whole.
"""

import re
from dataclasses import dataclass
from typing import cast

from evergrant.model.json import Json, JsonObject, at
from evergrant.service.cut_place import Place
from evergrant.service.cut_size import Size, as_json_text

CURSOR = re.compile(r"([icj])(\d{1,9})(?:\.(\d{1,9}))?")
NEXT = "next_cursor"
OVERHEAD = 20
"""Characters of a page's brackets and names."""


class NoSuchPage(ValueError):
    """A cursor that no page of this result gave."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One page of a result."""

    value: Json
    shown: str
    """Which part it is, in words."""
    cursor: str | None
    """Where the next page begins; None after the last."""
    is_data: bool = True
    """Whether `value` is of the result's own form; else it is a piece of its JSON text."""


def cut(content: Json, most: int, cursor: str | None = None) -> Cut:
    """The page of `content` that begins at `cursor`, the first without one, of at most `most` characters as JSON.

    Raises NoSuchPage.
    """
    size = Size(most)
    place = Place.of_bulk(content, size)
    kind, begin, within = _read(cursor, place)
    if isinstance(place, Place) and isinstance(place.part, list):
        items = _Items(place, list(place.part), size)
        return items.first() if begin is None else items.at(begin, within)
    if isinstance(place, Place):
        return _text(place, str(place.part), size, begin)
    return _piece(as_json_text(content), begin or 0, size, "the JSON", kind)


def _read(cursor: str | None, place: Place | None) -> tuple[str, int | None, int | None]:
    """Which kind of pages there are, and where one begins; raises NoSuchPage."""
    kind = "j" if place is None else "i" if isinstance(place.part, list) else "c"
    if cursor is None:
        return kind, None, None
    found = CURSOR.fullmatch(cursor)
    if found is None or found[1] != kind or (found[3] and kind != "i"):
        raise NoSuchPage(cursor)
    return kind, int(found[2]), int(found[3]) if found[3] else None


@dataclass(frozen=True, slots=True)
class _Items:
    place: Place
    items: list[Json]
    size: Size

    def first(self) -> Cut:
        """With all that stands beside the list; a cursor of the service's own comes with the last page."""
        end = self._end(0, self.size.most - self.size.of(self.place.holding([])))
        value = self.place.holding(self.items[:end])
        if self._onward is not None and end < len(self.items):
            value = {name: each for name, each in cast("JsonObject", value).items() if name != NEXT}
        return Cut(value, self._shown(0, end), self._following(end))

    def at(self, begin: int, within: int | None) -> Cut:
        if begin > len(self.items) - (self._onward is None):
            raise NoSuchPage(f"i{begin}")
        end = self._end(begin, self.size.most - self.size.of(self._last(self.place.alone([]))) - OVERHEAD)
        if begin < len(self.items) and (within is not None or end == begin):
            return self._part_of(begin, within or 0)
        page = self.place.alone(self.items[begin:end])
        return Cut(self._last(page) if end == len(self.items) else page, self._shown(begin, end), self._following(end))

    def _part_of(self, number: int, begin: int) -> Cut:
        """A piece of an item that is too large itself."""
        what = f"the JSON of item {number + 1} of {len(self.items)}"
        piece = _piece(as_json_text(self.items[number]), begin, self.size, what, f"i{number}.")
        is_end = number + 1 == len(self.items) and self._onward is None
        return Cut(piece.value, piece.shown, piece.cursor or (None if is_end else f"i{number + 1}"), is_data=False)

    def _end(self, begin: int, room: int) -> int:
        """The index after the last item that has room."""
        for number in range(begin, len(self.items)):
            room -= self.size.of(self.items[number]) + 1
            if room < 0:
                return number
        return len(self.items)

    def _following(self, end: int) -> str | None:
        return f"i{end}" if end < len(self.items) else None

    def _shown(self, begin: int, end: int) -> str:
        return f"items {begin + 1} to {end} of {len(self.items)}" if end > begin else f"0 of {len(self.items)} items"

    def _last(self, page: Json) -> Json:
        return page if self._onward is None else {**cast("JsonObject", page), NEXT: self._onward}

    @property
    def _onward(self) -> str | None:
        """The service's own cursor, which leads beyond this list: whoever followed it too soon would miss the rest."""
        found = at(self.place.content, f"/{NEXT}") if len(self.place.steps) == 1 else None
        return found if isinstance(found, str) else None


def _text(place: Place, text: str, size: Size, begin: int | None) -> Cut:
    """A part of the one text; the first page has all that stands beside it."""
    room = size.most - size.of(place.holding("") if begin is None else place.alone(""))
    where = f" at {'/'.join(place.steps)}" if place.steps else ""
    piece = _piece(text, begin or 0, size, f"the text{where}", "c", room=room)
    said = str(piece.value)
    return Cut(place.holding(said) if begin is None else place.alone(said), piece.shown, piece.cursor)


def _piece(text: str, begin: int, size: Size, what: str, cursor: str, *, room: int | None = None) -> Cut:
    """As many characters as have room, from `begin` on."""
    if begin and begin >= len(text):
        raise NoSuchPage(f"{cursor}{begin}")
    room = size.most if room is None else room
    piece = text[begin : begin + size.fitting(text[begin : begin + room], room)]
    end = begin + len(piece)
    shown = f"characters {begin + 1} to {end} of {len(text)} of {what}"
    return Cut(piece, shown, f"{cursor}{end}" if end < len(text) else None, is_data=False)
