"""Fixtures that answer at once: each form of content, logs, progress, and errors."""

import base64
import struct
import zlib

from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolRequestParams,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    LoggingLevel,
    TextContent,
    TextResourceContents,
)
from tests.conformance.fixture import Fixture, fixture, text

from evergrant.entry.mcp.client import Context
from evergrant.model.json import JsonObject

HEADER_SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "query": {"type": "string"},
    },
    "required": ["region", "query"],
}
SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def png() -> str:
    """The smallest picture, in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")).decode()


def wav() -> str:
    """A sound of no length, in base64."""
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", 0)
    return base64.b64encode(b"RIFF" + struct.pack("<I", len(body)) + body).decode()


def _picture() -> ImageContent:
    return ImageContent(data=png(), mime_type="image/png")


def _resource(uri: str, mime_type: str, said: str) -> EmbeddedResource:
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=mime_type, text=said))


async def _simple(_: Context, __: CallToolRequestParams) -> CallToolResult:
    return text("This is a simple text response for testing.")


async def _image(_: Context, __: CallToolRequestParams) -> CallToolResult:
    return CallToolResult(content=[_picture()])


async def _audio(_: Context, __: CallToolRequestParams) -> CallToolResult:
    return CallToolResult(content=[AudioContent(data=wav(), mime_type="audio/wav")])


async def _embedded(_: Context, __: CallToolRequestParams) -> CallToolResult:
    return CallToolResult(content=[_resource("test://embedded-resource", "text/plain", "An embedded resource.")])


async def _mixed(_: Context, __: CallToolRequestParams) -> CallToolResult:
    resource = _resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return CallToolResult(content=[TextContent(text="Multiple content types test:"), _picture(), resource])


async def _logging(context: Context, _: CallToolRequestParams) -> CallToolResult:
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(context, "info", said)
    return text("Logged.")


async def _log(context: Context, level: LoggingLevel, said: str) -> None:
    session = context.session
    await session.send_log_message(  # pyright: ignore[reportDeprecated]  (the suite still asks for it)
        level, said, related_request_id=context.request_id
    )


async def _quiet_log(context: Context, _: CallToolRequestParams) -> CallToolResult:
    # The SDK sends it only to a client that asked for logs in this very request.
    await _log(context, "info", "Looked at.")
    return text("Looked at.")


async def _progress(context: Context, _: CallToolRequestParams) -> CallToolResult:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100, f"Completed step {done} of 100")
    return text("Done.")


async def _raising(_: Context, __: CallToolRequestParams) -> CallToolResult:
    raise RuntimeError("This tool intentionally returns an error for testing")


async def _needs_sampling(context: Context, _: CallToolRequestParams) -> CallToolResult:
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        needed: JsonObject = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "Missing required client capability", needed)
    return text("The client can.")


CONTENT: tuple[Fixture, ...] = (
    fixture("test_simple_text", _simple),
    fixture("test_image_content", _image),
    fixture("test_audio_content", _audio),
    fixture("test_embedded_resource", _embedded),
    fixture("test_multiple_content_types", _mixed),
    fixture("test_tool_with_logging", _logging),
    fixture("test_logging_tool", _quiet_log),
    fixture("test_tool_with_progress", _progress),
    fixture("test_streaming_elicitation", _progress),
    fixture("test_error_handling", _raising),
    fixture("test_missing_capability", _needs_sampling),
    fixture("test_headers", _simple, HEADER_SCHEMA),
    fixture("json_schema_2020_12_tool", _simple, SCHEMA_2020_12),
)
