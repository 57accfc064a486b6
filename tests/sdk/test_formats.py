"""One tool, as each API wants to be told of it."""

import pytest

from evergrant.model.json import JsonObject
from evergrant.sdk.formats import ToolFormat, formatted

SCHEMA: JsonObject = {"type": "object", "properties": {"row": {"type": "array"}}, "required": ["row"]}
TOOL: JsonObject = {
    "name": "x_append_row",
    "description": "Append a row.",
    "effect": "write",
    "idempotent": False,
    "tier": "core",
    "scopes": [],
    "input_schema": SCHEMA,
}
NAMED: JsonObject = {"name": "x_append_row", "description": "Append a row."}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (
            "mcp",
            {
                **NAMED,
                "inputSchema": SCHEMA,
                "annotations": {
                    "readOnlyHint": False,
                    "destructiveHint": False,
                    "idempotentHint": False,
                    "openWorldHint": True,
                },
            },
        ),
        ("anthropic", {**NAMED, "input_schema": SCHEMA}),
        ("openai", {"type": "function", "function": {**NAMED, "parameters": SCHEMA}}),
        ("langchain", {"title": "x_append_row", "description": "Append a row.", **SCHEMA}),
    ],
)
def test_a_tool_is_told_as_each_api_wants_it(wanted: ToolFormat, told: JsonObject) -> None:
    assert formatted([TOOL], wanted) == [told]
