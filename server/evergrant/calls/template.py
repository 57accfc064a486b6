"""Fill a declared template: a request's with the caller's values, a shape with a provider's answer.

A template is plain data. A string `$name` stands for one value with its type kept, `$name/at/a/place` for a part of it.
A mapping with the single key `$codec` passes its filled value through that codec; one with the key of an operator
decides about others. Whatever absent values leave empty vanishes; literals stay.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from evergrant.calls.codecs import codecs
from evergrant.calls.plain_codecs import as_text, members
from evergrant.calls.values import ABSENT, Absent, BadValue, Filled, Part, Value
from evergrant.catalog.shape import WHOLE, is_pointer
from evergrant.catalog.template import ITEM, OPERATORS, SLOT, call_of, parts, reference
from evergrant.model.json import Json, at, text_at


class Names(Protocol):
    """What the strings of a template stand for."""

    def read(self, text: str) -> Filled:
        """The value that a string stands for; a literal stands for itself."""
        ...

    def within(self, item: Value) -> "Names":
        """The names inside `$each`, for one of its elements."""
        ...


@dataclass(frozen=True, slots=True)
class Inputs:
    """In a request: `$name`, and everything else is literal."""

    values: Mapping[str, Json]

    def read(self, text: str) -> Filled:
        found = reference(text)
        if found is None:
            return text[1:] if text.startswith("$$") else text
        name, pointer = found
        if name not in self.values:
            return ABSENT
        value = self.values[name]
        return value if not pointer else _or_absent(at(value, pointer))

    def within(self, item: Value) -> "Inputs":
        return Inputs({**self.values, ITEM: cast("Json", item)})


@dataclass(frozen=True, slots=True)
class Answer:
    """In a shape: a pointer into the answer; everything else is as in a request."""

    value: Json
    inputs: Inputs

    def read(self, text: str) -> Filled:
        if not is_pointer(text):
            return self.inputs.read(text)
        return _or_absent(self.value if text == WHOLE else _every(self.value, text.split("/")[1:]))

    def within(self, item: Value) -> "Answer":
        return Answer(cast("Json", item), self.inputs)


def fill(template: Json, values: Mapping[str, Json]) -> Filled:
    """A request's template, filled; `ABSENT` where every value it names is absent. Raises BadValue."""
    return _fill(template, Inputs(values))


def fill_query(template: Json, values: Mapping[str, Json]) -> dict[str, Json]:
    """A query's parameters: its own keys are names, also where they begin with a dollar sign. Raises BadValue."""
    pairs = {key: fill(part, values) for key, part in template.items()} if isinstance(template, Mapping) else {}
    return {key: cast("Json", value) for key, value in pairs.items() if not isinstance(value, Absent | Part)}


def shaped(shape: Json, answer: Json, values: Mapping[str, Json]) -> Json:
    """What a shape takes of an answer; null where that is nothing, all where the answer is of another kind."""
    try:
        filled = _fill(shape, Answer(answer, Inputs(values)))
    except BadValue:
        return answer  # it is not what the shape was made for: then all of it is better than nothing
    return None if isinstance(filled, Absent | Part) else cast("Json", filled)


def _every(value: Json, keys: Sequence[str]) -> Json:
    """The value at a pointer, a `*` of which gathers from every element of a list, or every member of an object."""
    if "*" not in keys:
        return at(value, "".join(f"/{key}" for key in keys))
    star = keys.index("*")
    found = at(value, "".join(f"/{key}" for key in keys[:star]))
    inner = list(found.values()) if isinstance(found, Mapping) else found
    if not isinstance(inner, list):
        return None
    each = [_every(item, keys[star + 1 :]) for item in inner]
    gathered = [item for item in each if item is not None]
    # An empty list is an answer; an object without such members is another thing than what was meant.
    return gathered if gathered or isinstance(found, list) else None


def _or_absent(value: Json) -> Filled:
    return ABSENT if value is None else value


def _fill(template: Json, names: Names) -> Filled:
    match template:
        case str():
            return names.read(template)
        case dict() if (name := call_of(template)) is not None:
            return _call(name, template[f"${name}"], names)
        case dict():
            return _mapping(template, names)
        case list():
            filled = (_fill(part, names) for part in template)
            items = [item for item in filled if not isinstance(item, Absent)]
            return items if items or not template else ABSENT
        case _:
            return template


def _mapping(template: Mapping[str, Json], names: Names) -> Filled:
    pairs = {key: _fill(value, names) for key, value in template.items()}
    kept = {key: value for key, value in pairs.items() if not isinstance(value, Absent)}
    return kept if kept or not template else ABSENT


def _call(name: str, given: Json, names: Names) -> Filled:
    if name in OPERATORS:
        return _operators()[name](given, names)
    filled = _fill(given, names)
    if isinstance(filled, Absent | Part):
        return ABSENT
    coded = codecs()[name](cast("Json", filled))
    return ABSENT if coded is None else coded


def _operators() -> Mapping[str, Callable[[Json, Names], Filled]]:
    return {
        "each": _each,
        "join": _join,
        "format": _format,
        "case": _case,
        "first": _first,
        "merge": _merge,
        "union": _union,
    }


def _each(given: Json, names: Names) -> Filled:
    """`put`, once for each element of `of`."""
    every = _fill(at(given, "/of"), names)
    if isinstance(every, Absent):
        return ABSENT
    if not isinstance(every, list):
        raise BadValue("a list is needed where one thing stands")
    put = at(given, "/put")
    filled = (_fill(put, names.within(item)) for item in every)
    return [item for item in filled if not isinstance(item, Absent)]


def _join(given: Json, names: Names) -> Filled:
    """The texts that are there, `by` between them; absent where there is none."""
    every = _fill(at(given, "/of"), names)
    if isinstance(every, Absent):
        return ABSENT
    if not isinstance(every, list):
        raise BadValue("a list is needed where one thing stands")
    return as_text(at(given, "/by")).join(map(as_text, every)) if every else ABSENT


def _format(given: Json, names: Names) -> Filled:
    """A text with slots; absent where a slot's value is."""
    filled = {key: _fill(part, names) for key, part in members(given).items() if key != "text"}
    there = {key: as_text(value) for key, value in filled.items() if not isinstance(value, Absent)}
    if len(there) != len(filled):
        return ABSENT
    return SLOT.sub(lambda match: there[match[1]], text_at(given, "/text") or "")


def _case(given: Json, names: Names) -> Filled:
    """The template that stands under the value of `of`, else the one under `else`."""
    cases = members(given)
    of = _fill(cases["of"], names)
    if isinstance(of, Absent):
        return ABSENT
    chosen = as_text(of) if as_text(of) in set(cases) - {"of"} else "else"
    return _fill(cases[chosen], names) if chosen in cases else ABSENT


def _first(given: Json, names: Names) -> Filled:
    """The first of several that is there."""
    filled = (_fill(part, names) for part in parts(given))
    return next((value for value in filled if not isinstance(value, Absent)), ABSENT)


def _merge(given: Json, names: Names) -> Filled:
    """Mappings laid over each other, the last one on top; absent where none is there."""
    filled = [value for part in parts(given) if not isinstance(value := _fill(part, names), Absent)]
    merged: dict[str, Value] = {}
    for value in filled:
        if not isinstance(value, Mapping):
            raise BadValue("an object is needed where something else stands")
        merged |= value
    return merged if filled else ABSENT


def _union(given: Json, names: Names) -> Filled:
    """Lists laid after each other without what an element before has at `by`, whatever the case of its letters."""
    lists = _fill(at(given, "/of"), names)
    if isinstance(lists, Absent):
        return ABSENT
    every: dict[str, Value] = {}
    for value in lists if isinstance(lists, list) else [None]:
        if not isinstance(value, list):
            raise BadValue("a list is needed where one thing stands")
        for item in value:
            every.setdefault(as_text(at(cast("Json", item), text_at(given, "/by") or "")).casefold(), item)
    return list(every.values())
