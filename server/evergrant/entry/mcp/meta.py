"""Meta tools: the few tools that lead to all others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from mcp.types import CallToolResult, ToolAnnotations
from mcp.types import Tool as WireTool
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from evergrant.entry.mcp import results
from evergrant.entry.mcp.parts import Parts
from evergrant.model.json import JsonObject
from evergrant.model.outcome import InvalidInput, Outcome
from evergrant.service.standing import Standing

Answer = CallToolResult | Outcome
Call = Callable[[Parts, Standing, JsonObject], Awaitable[Answer]]
"""Parts, who asks, arguments as they came."""


class Input(BaseModel):
    """Base of the arguments of meta tools."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


InputT = TypeVar("InputT", bound=Input)
Run = Callable[[Parts, Standing, InputT], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class MetaTool:
    """A meta tool as clients see it, and what it does."""

    wire: WireTool
    call: Call


def meta_tool(
    name: str,
    title: str,
    description: str,
    *,
    given: type[InputT],
    run: Run[InputT],
    hints: ToolAnnotations,
    gives: dict[str, JsonValue] | None = None,
) -> MetaTool:
    """A tool whose arguments are checked against `given` before `run` gets them; `gives` is its output schema."""

    async def call(parts: Parts, who: Standing, arguments: JsonObject) -> Answer:
        try:
            fits = given.model_validate(arguments)
        except ValidationError as error:
            return results.failed(_wrong(name, error))
        return await run(parts, who, fits)

    schema = cast("dict[str, JsonValue]", _terse(given.model_json_schema()))
    schema.pop("description", None)
    wire = WireTool(
        name=name, title=title, description=description, input_schema=schema, output_schema=gives, annotations=hints
    )
    return MetaTool(wire, call)


def _terse(schema: JsonValue) -> JsonValue:
    """A schema without what tells a model nothing: generated titles, defaults of null and the choice of null."""
    if isinstance(schema, list):
        return [_terse(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _terse(value) for key, value in schema.items() if (key, value) != ("default", None)}
    if isinstance(kept.get("title"), str):
        del kept["title"]
    match kept.pop("anyOf", None):
        case [dict() as only, {"type": "null"}]:
            return {**only, **kept}
        case None:
            return kept
        case choice:
            return {**kept, "anyOf": choice}


def _wrong(name: str, error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    pointer = "".join(f"/{step}" for step in first["loc"])
    return InvalidInput(
        pointer=pointer,
        what_happened=f"The arguments of {name} do not fit at {pointer or 'the top'}: {first['msg']}.",
        what_to_do="Correct them and call again.",
    )
