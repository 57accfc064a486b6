"""An account's tools for the OpenAI Agents SDK."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agents import FunctionTool
from agents.tool_context import ToolContext

from evergrant.adapters.calling import WAIT_S, Ask, Calls
from evergrant.model.json import Json, JsonObject
from evergrant.sdk.client import Evergrant
from evergrant.sdk.errors import EvergrantError


async def function_tools(
    client: Evergrant,
    connected_account_id: str,
    *,
    toolset: str | None = None,
    tool_names: Sequence[str] = (),
    ask: Ask | None = None,
    wait_s: float = WAIT_S,
) -> list[FunctionTool]:
    """One tool for each that the account has, narrowed as by `Evergrant.get_tools`.

    A failure is told to the model in words, and so are a dead grant and an approval that is wanted. With `ask` these
    are told to the person instead: the run waits in that call, up to `wait_s` seconds, and goes on with it.
    """
    calls = Calls(client, connected_account_id, ask, wait_s)
    found = await client.get_tools(
        connected_account_id=connected_account_id, toolset=toolset, tool_names=tool_names, format="anthropic"
    )
    return [_tool(calls, each) for each in found]


def _tool(calls: Calls, tool: JsonObject) -> FunctionTool:
    name, schema = str(tool["name"]), tool["input_schema"]

    async def invoke(_context: ToolContext[Any], arguments: str) -> str:
        try:
            given: Json = json.loads(arguments or "{}")
        except ValueError:
            given = None
        if not isinstance(given, Mapping):
            return "invalid_input: The arguments are not a JSON object. Nothing was called."
        try:
            return (await calls.make(name, given)).text
        except EvergrantError as error:
            return str(error)

    return FunctionTool(
        name=name,
        description=str(tool["description"]),
        params_json_schema=dict(schema) if isinstance(schema, Mapping) else {},
        on_invoke_tool=invoke,
        strict_json_schema=False,  # it would have every field required, and change what the tool takes
    )
