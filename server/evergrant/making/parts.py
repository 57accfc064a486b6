"""Parts of somebody else's JSON, each taken for what it should be, and for nothing where it is something else."""

from collections.abc import Mapping, Sequence

from evergrant.model.json import Json


def mapping(value: Json) -> Mapping[str, Json]:
    """The value as an object; empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Json) -> Sequence[Json]:
    """The value as a list; empty where it is none."""
    return value if isinstance(value, list | tuple) else ()


def text(value: Json) -> str:
    """The value as a text; empty where it is none."""
    return value if isinstance(value, str) else ""


def texts(value: Json) -> tuple[str, ...]:
    """The texts in a list."""
    return tuple(each for each in listed(value) if isinstance(each, str))


def whole(value: Json) -> int | None:
    """The value as a whole number, also where it is written as a text (Google Discovery)."""
    if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
