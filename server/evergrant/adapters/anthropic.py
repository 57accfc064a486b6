"""An account's tools for the Anthropic SDK: for its tool runner, and for a loop of one's own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from anthropic.lib.tools import BetaAsyncFunctionTool, ToolError, beta_async_tool
from anthropic.types import Message, ToolResultBlockParam, ToolUseBlock
from anthropic.types.beta import BetaMessage, BetaToolUseBlock

from evergrant.adapters.calling import WAIT_S, Ask, Calls
from evergrant.model.json import Json, JsonObject
from evergrant.sdk.client import Evergrant
from evergrant.sdk.errors import EvergrantError

RunnableTool = BetaAsyncFunctionTool[Any]


async def runnable_tools(
    client: Evergrant,
    connected_account_id: str,
    *,
    toolset: str | None = None,
    tool_names: Sequence[str] = (),
    ask: Ask | None = None,
    wait_s: float = WAIT_S,
) -> list[RunnableTool]:
    """One tool for each that the account has, narrowed as by `Evergrant.get_tools`: what `tool_runner` takes.

    A failure is told to the model in words, and so are a dead grant and an approval that is wanted. With `ask` these
    are told to the person instead: the run waits in that call, up to `wait_s` seconds, and goes on with it.
    """
    calls = Calls(client, connected_account_id, ask, wait_s)
    found = await client.get_tools(
        connected_account_id=connected_account_id, toolset=toolset, tool_names=tool_names, format="anthropic"
    )
    return [_tool(calls, each) for each in found]


async def tool_results(tools: Sequence[RunnableTool], message: Message | BetaMessage) -> list[ToolResultBlockParam]:
    """What the calls of a message came to, made at the same time: the content of the next message, from the user.

    Calls of other tools than these are left out: they are somebody else's.
    """
    by_name = {tool.name: tool for tool in tools}
    uses = [block for block in message.content if isinstance(block, ToolUseBlock | BetaToolUseBlock)]
    return list(await asyncio.gather(*(_used(by_name[use.name], use) for use in uses if use.name in by_name)))


async def _used(tool: RunnableTool, use: ToolUseBlock | BetaToolUseBlock) -> ToolResultBlockParam:
    try:
        content, failed = await tool.call(use.input), False
    except ToolError as error:
        content, failed = error.content, True
    return {"type": "tool_result", "tool_use_id": use.id, "content": str(content), "is_error": failed}


def _tool(calls: Calls, tool: JsonObject) -> RunnableTool:
    name = str(tool["name"])

    async def call(**given: Any) -> str:
        try:
            return (await calls.make(name, cast("Mapping[str, Json]", given))).text
        except EvergrantError as error:
            raise ToolError(str(error)) from error

    schema = cast("dict[str, Any]", tool["input_schema"])
    return beta_async_tool(call, name=name, description=str(tool["description"]), input_schema=schema)
