"""The same tools, as each API wants to be told of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from evergrant.model.json import JsonObject

ToolFormat = Literal["mcp", "anthropic", "openai", "langchain"]


def formatted(tools: Iterable[JsonObject], wanted: ToolFormat) -> Sequence[JsonObject]:
    """The tools of an answer of `/v1/tools` in another format; raises KeyError for one that there is not."""
    write = _FORMATS[wanted]
    return [write(tool) for tool in tools]


def mcp(tool: JsonObject) -> JsonObject:
    """As in the answer to MCP's `tools/list`."""
    effect = tool["effect"]
    hints: JsonObject = {
        "readOnlyHint": effect == "read",
        "destructiveHint": effect == "destroy",
        "idempotentHint": tool["idempotent"],
        "openWorldHint": True,
    }
    told = {"name": tool["name"], "description": tool["description"], "inputSchema": tool["input_schema"]}
    return {**told, "annotations": hints}


def anthropic(tool: JsonObject) -> JsonObject:
    """As an entry of `tools` in Anthropic's Messages API."""
    return {name: tool[name] for name in ("name", "description", "input_schema")}


def openai(tool: JsonObject) -> JsonObject:
    """As an entry of `tools` in OpenAI's Chat Completions API."""
    function = {"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]}
    return {"type": "function", "function": function}


def langchain(tool: JsonObject) -> JsonObject:
    """As a JSON Schema with title and description, which `bind_tools` of LangChain's models takes."""
    schema = tool["input_schema"]
    return {
        "title": tool["name"],
        "description": tool["description"],
        **(schema if isinstance(schema, Mapping) else {}),
    }


_FORMATS: Mapping[ToolFormat, Callable[[JsonObject], JsonObject]] = {
    "mcp": mcp,
    "anthropic": anthropic,
    "openai": openai,
    "langchain": langchain,
}
