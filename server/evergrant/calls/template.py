"""Fill a declared body with a tool's input.

A template is plain data. A string `$name` stands for one input with its type kept. A mapping with the single key
`$codec` passes its filled value through that codec. Whatever absent inputs leave empty vanishes; literals stay.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from evergrant.calls.codecs import Part, codecs
from evergrant.model.json import Json


class Absent(Enum):
    """The type of `ABSENT`: no value, which is not the same as null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Filled = Json | Part | Absent


def fill(template: Json, values: Mapping[str, Json]) -> Filled:
    """The filled template; `ABSENT` where every input it names is absent. Raises BadValue."""
    match template:
        case str() if template.startswith("$"):
            return values.get(template[1:], ABSENT)
        case dict() if len(template) == 1 and (key := next(iter(template))).startswith("$"):
            filled = fill(template[key], values)
            return ABSENT if isinstance(filled, Absent | Part) else codecs()[key[1:]](filled)
        case dict():
            pairs = {key: fill(value, values) for key, value in template.items()}
            kept = {key: value for key, value in pairs.items() if not isinstance(value, Absent | Part)}
            return kept if kept or not template else ABSENT
        case list():
            items = [item for part in template if not isinstance(item := fill(part, values), Absent)]
            return items if items or not template else ABSENT  # type: ignore[return-value]  # parts stay in the list
        case _:
            return template
