"""Check a tool's input against its schema, with a message that a model can act on."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (jsonschema's stubs leave these out)

from typing import TYPE_CHECKING

from evergrant.catalog.tool import Tool
from evergrant.model.json import Json
from evergrant.model.outcome import InvalidInput

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

LONGEST_MESSAGE = 300


def fault(name: str, tool: Tool, given: Json) -> InvalidInput | None:
    """What is wrong with the input, the most telling fault first; None where it fits."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415  (no start needs it, and it makes one longer)

    try:
        worst = best_match(tool.validator.iter_errors(given))
        return None if worst is None else _invalid(name, worst)
    except RecursionError:
        return InvalidInput(
            what_happened=f"The input of {name} is nested too deep.",
            what_to_do=f"Flatten it and call again. {_schema_of(name)}",
        )


def _invalid(name: str, error: "ValidationError") -> InvalidInput:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path)
    pointer = "".join(f"/{step}" for step in steps)
    return InvalidInput(
        what_happened=f"The input of {name} does not fit at {pointer or 'the top'}: {error.message[:LONGEST_MESSAGE]}.",
        what_to_do=f"Correct it and call again. {_schema_of(name)}",
        pointer=pointer,
    )


def _schema_of(name: str) -> str:
    return f"Its schema: describe_tools with {name}, or: evergrant tools show {name}"
