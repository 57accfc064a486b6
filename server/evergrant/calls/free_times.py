"""The codec of free time: what is left of a span when everybody's busy periods are taken out of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from evergrant.calls.dates import moment
from evergrant.calls.values import BadValue
from evergrant.model.json import Json, at

DEEPEST = 3


class _Edge(NamedTuple):
    """A time, and how it was written: an answer's own offsets are kept."""

    time: datetime
    text: str


def free_times(value: Json) -> Json:
    """The periods between `from` and `to` in which nobody is `busy`, each with its minutes; raises BadValue.

    `busy` are periods of `start` and `end` in lists, also of lists.
    """
    here, end = _edge(at(value, "/from")), _edge(at(value, "/to"))
    free: list[Json] = []
    for start, stop in sorted(_periods(at(value, "/busy"), 0)):
        free += _gap(here, min(start, end))
        here = max(here, stop)
    return [*free, *_gap(here, end)]


def _gap(start: _Edge, end: _Edge) -> list[Json]:
    minutes = int((end.time - start.time).total_seconds()) // 60
    return [{"start": start.text, "end": end.text, "minutes": minutes}] if minutes > 0 else []


def _periods(value: Json, depth: int) -> Iterator[tuple[_Edge, _Edge]]:
    if isinstance(value, list) and depth < DEEPEST:
        for each in value:
            yield from _periods(each, depth + 1)
    elif value is not None:
        yield _edge(at(value, "/start")), _edge(at(value, "/end"))


def _edge(value: Json) -> _Edge:
    if not isinstance(value, str):
        raise BadValue("a period has a start and an end")
    return _Edge(moment(value), value)
