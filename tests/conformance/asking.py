"""Fixtures that ask the client of a session: its person, and its model."""

import json
from typing import Any

from mcp.types import CallToolRequestParams, CallToolResult, SamplingMessage, TextContent
from tests.conformance.fixture import Fixture, fixture, text

from evergrant.entry.mcp.client import Context

OPTIONS = ["option1", "option2", "option3"]
DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}


def _titled(*words: str) -> list[dict[str, str]]:
    return [{"const": f"value{at}", "title": word} for at, word in enumerate(words, 1)]


ENUMS = {
    "untitledSingle": {"type": "string", "enum": OPTIONS},
    "titledSingle": {"type": "string", "oneOf": _titled("First", "Second", "Third")},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
    "untitledMulti": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "enum": OPTIONS}},
    "titledMulti": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"anyOf": _titled("One", "Two", "Three")}},
}


async def _sampling(context: Context, params: CallToolRequestParams) -> CallToolResult:
    asked = SamplingMessage(role="user", content=TextContent(text=str((params.arguments or {}).get("prompt"))))
    session = context.session
    said = await session.create_message(  # pyright: ignore[reportDeprecated]  (the suite still asks for it)
        [asked], max_tokens=100, related_request_id=context.request_id
    )
    return text(f"LLM response: {said.content.text if isinstance(said.content, TextContent) else ''}")


async def _elicit(context: Context, params: CallToolRequestParams) -> CallToolResult:
    fields = {"username": {"type": "string"}, "email": {"type": "string"}}
    return await _ask(context, str((params.arguments or {}).get("message")), fields, required=list(fields))


async def _defaults(context: Context, _: CallToolRequestParams) -> CallToolResult:
    return await _ask(context, "Please look over the values.", DEFAULTS)


async def _enums(context: Context, _: CallToolRequestParams) -> CallToolResult:
    return await _ask(context, "Please choose.", ENUMS)


async def _ask(
    context: Context, message: str, properties: dict[str, Any], required: list[str] | None = None
) -> CallToolResult:
    schema = {"type": "object", "properties": properties, "required": required or []}
    said = await context.session.elicit_form(message, schema, related_request_id=context.request_id)
    return text(f"User response: action={said.action}, content={json.dumps(said.content or {})}")


ASKING: tuple[Fixture, ...] = (
    fixture("test_sampling", _sampling, {"type": "object", "properties": {"prompt": {"type": "string"}}}),
    fixture("test_elicitation", _elicit, {"type": "object", "properties": {"message": {"type": "string"}}}),
    fixture("test_elicitation_sep1034_defaults", _defaults),
    fixture("test_elicitation_sep1330_enums", _enums),
)
