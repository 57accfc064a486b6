"""JSON values as a type, and RFC 6901 pointers into them."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
"""RFC 6901 4: no leading zeros."""

Json: TypeAlias = Union[bool, int, float, str, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007 (recursive)
JsonObject: TypeAlias = Mapping[str, Json]


def at(value: Json, pointer: str) -> Json:
    """The value at an RFC 6901 pointer ("" is the whole); None where there is nothing."""
    for key in pointer.split("/")[1:]:
        name = key.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, Sequence) and not isinstance(value, str) and INDEX.fullmatch(name):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def text_at(value: Json, pointer: str) -> str | None:
    """The value at a pointer as text, for codes and ids; None for objects, arrays, booleans and nothing."""
    found = at(value, pointer)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
