"""What templates are filled with: JSON, parts of a multipart body, and nothing at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias, Union


class BadValue(ValueError):
    """An input has the right type and still cannot be encoded; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body, or a whole body that is not JSON."""

    content_type: str
    content: bytes
    filename: str | None = None


class Absent(Enum):
    """The type of `ABSENT`: no value, which is not the same as null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Value: TypeAlias = Union[bool, int, float, str, Part, Sequence["Value"], Mapping[str, "Value"], None]  # noqa: UP007
Filled = Value | Absent
