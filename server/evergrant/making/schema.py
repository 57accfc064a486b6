"""Schemas of inputs, cut down to the keywords that every model's provider takes, and to a size that a model reads."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evergrant.making.parts import listed, mapping, text, texts, whole
from evergrant.making.plain import is_read_only, plain
from evergrant.making.references import References
from evergrant.making.words import prose
from evergrant.model.json import Json

FORMATS = frozenset({"date-time", "date", "time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname"})
LONGEST_VALUE = 60
MOST_VARIANTS = 4
LONGEST_PATTERN = 80


@dataclass(frozen=True, slots=True)
class Thrift:
    """How much of a document a tool may take over; the next one is asked for where it is too large."""

    inputs: int
    words: int
    """Characters that describe an input."""
    purpose: int
    """Characters that describe the tool."""
    depth: int
    members: int
    values: int
    """Of an enumeration."""


THRIFT: Sequence[Thrift] = (
    Thrift(inputs=10, words=140, purpose=260, depth=3, members=10, values=24),
    Thrift(inputs=10, words=90, purpose=200, depth=2, members=6, values=16),
    Thrift(inputs=10, words=60, purpose=160, depth=1, members=5, values=12),
    Thrift(inputs=10, words=40, purpose=120, depth=0, members=0, values=8),
    Thrift(inputs=7, words=40, purpose=120, depth=0, members=0, values=6),
    Thrift(inputs=4, words=30, purpose=90, depth=0, members=0, values=4),
    Thrift(inputs=0, words=20, purpose=90, depth=0, members=0, values=3),
)
"""From what one would write by hand to what is needed at all: with `inputs` 0 only those that are required."""


def reduced(references: References, node: Json, thrift: Thrift, depth: int = 0) -> dict[str, Json]:
    """A schema that our lint accepts, no deeper than the thrift allows."""
    found = plain(references, node)
    said = prose(text(found.get("description")), thrift.words)
    described: dict[str, Json] = {"description": said} if said else {}
    return {**_of_kind(references, found, thrift, depth), **described}


def _of_kind(references: References, found: Mapping[str, Json], thrift: Thrift, depth: int) -> dict[str, Json]:
    match found.get("type"):
        case "object":
            return _object(references, found, thrift, depth)
        case "array":
            items = reduced(references, found.get("items"), thrift, depth + 1)
            return {"type": "array", **_counts(found, ("maxItems",), 1), "items": _bare(items)}
        case "string":
            return {"type": "string", **(_values(found, thrift, str) or _of_text(found))}
        case "integer" | "number" | "boolean" as kind:
            values = _values(found, thrift, int) if kind == "integer" else {}
            return {"type": kind, **(values or _bounds(found))}
        case _:
            return _choice(references, found, thrift, depth)


def _object(references: References, found: Mapping[str, Json], thrift: Thrift, depth: int) -> dict[str, Json]:
    given = {name: plain(references, each) for name, each in mapping(found.get("properties")).items()}
    members = {name: each for name, each in given.items() if name.isprintable() and not is_read_only(name, each)}
    required = [name for name in dict.fromkeys(texts(found.get("required"))) if name in members]
    wanted = [*required, *(name for name in members if name not in required)][: max(thrift.members, len(required))]
    if depth >= thrift.depth or not wanted or len(required) > thrift.members:
        return {"type": "object", "additionalProperties": True}
    properties: dict[str, Json] = {name: reduced(references, members[name], thrift, depth + 1) for name in wanted}
    is_all = len(wanted) == len(members) and not found.get("additionalProperties")
    needed: dict[str, Json] = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": not is_all}


def _choice(references: References, found: Mapping[str, Json], thrift: Thrift, depth: int) -> dict[str, Json]:
    variants = [_bare(reduced(references, each, thrift, depth + 1)) for each in listed(found.get("anyOf"))]
    different = [each for number, each in enumerate(variants) if each not in variants[:number]]
    if len(different) == 1:
        return dict(different[0])
    is_plain = all(different) and 1 < len(different) <= MOST_VARIANTS
    return {"anyOf": list(different)} if is_plain else _values(found, thrift, str)


def _bare(schema: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in schema.items() if key != "description"}


def _values(found: Mapping[str, Json], thrift: Thrift, of: type) -> dict[str, Json]:
    given = [found["const"]] if "const" in found else listed(found.get("enum"))
    fitting = [each for each in given if type(each) is of and len(str(each)) <= LONGEST_VALUE and each != ""]
    values = [each for each in dict.fromkeys(map(str, fitting)) if each.isprintable()]
    if not 0 < len(values) <= thrift.values or len(fitting) < len([each for each in given if each not in (None, "")]):
        return {}
    return {
        "enum": [each for each in fitting if str(each) in values][: len(values)] if of is str else _numbers(fitting)
    }


def _numbers(given: Sequence[Json]) -> list[Json]:
    return list(dict.fromkeys(each for each in given if isinstance(each, int)))


def _of_text(found: Mapping[str, Json]) -> dict[str, Json]:
    name = text(found.get("format"))
    pattern = text(found.get("pattern"))
    kept: dict[str, Json] = _counts(found, ("minLength", "maxLength"), 1)
    if name in FORMATS:
        kept["format"] = name
    if pattern and is_pattern(pattern):
        kept["pattern"] = pattern
    return kept


def is_pattern(pattern: str) -> bool:
    """Whether it is a short regular expression, here as it was there."""
    if len(pattern) > LONGEST_PATTERN or not pattern.isprintable():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError):
        return False
    return True


def _counts(found: Mapping[str, Json], names: Sequence[str], least: int) -> dict[str, Json]:
    """Bounds of a length that make sense: none below `least`, and the smaller one first."""
    given = {name: whole(found.get(name)) for name in names}
    kept = {name: count for name, count in given.items() if count is not None and least <= count < 1_000_000_000}
    if kept.get("minLength", 0) > min(kept.get("maxLength", 200), 200):
        return {}
    return dict(kept)


def _bounds(found: Mapping[str, Json]) -> dict[str, Json]:
    """Bounds of a number; OpenAPI 3.0 says with a truth value that they are exclusive."""
    lower, upper = _number(found.get("minimum")), _number(found.get("maximum"))
    is_open = found.get("exclusiveMinimum") is True or found.get("exclusiveMaximum") is True
    if is_open or (lower is not None and upper is not None and lower > upper):
        return {}
    kept: dict[str, Json] = {"minimum": lower} if lower is not None else {}
    return kept | ({"maximum": upper} if upper is not None else {})


def _number(value: Json) -> int | float | None:
    found = whole(value)
    if found is not None:
        return found if abs(found) < 1 << 63 else None
    return value if isinstance(value, float) else None
