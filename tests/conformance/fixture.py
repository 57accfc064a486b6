"""What the suite's fixtures are made of: tools that it calls by name, beside the server's own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.context import HandlerResult
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputResponse,
    TextContent,
)
from mcp.types import Tool as WireTool

from evergrant.entry.mcp.client import Context
from evergrant.model.json import JsonObject

Run = Callable[[Context, CallToolRequestParams], Awaitable[HandlerResult]]


@dataclass(frozen=True)
class Fixture:
    """One tool of the suite."""

    wire: WireTool
    run: Run


def fixture(name: str, run: Run, schema: Mapping[str, Any] | None = None) -> Fixture:
    """A tool by the name that the suite knows."""
    return Fixture(
        WireTool(name=name, description=f"For {name}.", input_schema=dict(schema or {"type": "object"})), run
    )


def text(said: str, *, is_error: bool = False) -> CallToolResult:
    """A result of one text."""
    return CallToolResult(content=[TextContent(text=said)], is_error=is_error)


def form(message: str, properties: JsonObject) -> ElicitRequest:
    """A question with a form; all of its fields are wanted."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ElicitRequest(params=ElicitRequestFormParams.model_validate({"message": message, "requestedSchema": schema}))


def answer(responses: Mapping[str, InputResponse] | None, key: str, name: str) -> str | None:
    """What the person wrote into a field; None where the question was not answered so."""
    said = (responses or {}).get(key)
    value = (said.content or {}).get(name) if isinstance(said, ElicitResult) and said.action == "accept" else None
    return None if value is None else str(value)
