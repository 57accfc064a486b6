"""An account's tools as a toolset of Pydantic AI."""

from collections.abc import Sequence
from typing import Any, cast

from pydantic_ai import CallDeferred, DeferredToolRequests, DeferredToolResults, FunctionToolset, ModelRetry, Tool
from pydantic_ai.exceptions import ToolFailed

from evergrant.model.json import Json, JsonObject, text_at
from evergrant.sdk.client import Evergrant
from evergrant.sdk.errors import EvergrantError, InvalidInput, NotFound, PersonNeeded, ServerUnreachable, Unauthorized
from evergrant.sdk.http import AnswerLost

UNSAID = (PersonNeeded, AnswerLost, ServerUnreachable, Unauthorized)
"""What says nothing of how a call ended."""


async def account_toolset(
    client: Evergrant,
    connected_account_id: str,
    *,
    toolset: str | None = None,
    tool_names: Sequence[str] = (),
    defer: bool = False,
) -> FunctionToolset[object]:
    """The tools that the account has, narrowed as by `Evergrant.get_tools`.

    A wrong input is the model's to correct (`ModelRetry`); any other failure is told to it in words, and so are a dead
    grant and an approval that is wanted. With `defer` the run ends at these with DeferredToolRequests, which the agent
    must have among its output types: see `resumed`.
    """
    found = await client.get_tools(
        connected_account_id=connected_account_id, toolset=toolset, tool_names=tool_names, format="anthropic"
    )
    tools = [_tool(client, connected_account_id, each, defer=defer) for each in found]
    return FunctionToolset(tools, id=f"evergrant {connected_account_id}")


async def resumed(client: Evergrant, requests: DeferredToolRequests, *, wait_s: float = 0.0) -> DeferredToolResults:
    """What the calls that wait for a person have come to, for the run that goes on. Their metadata has the link.

    A call that has failed, or was refused, is told to the model in words. Raises PersonNeeded where the person has not
    helped in `wait_s` seconds, and EvergrantError where a call waits for something else or nobody said what became of
    it: ask again later. Requests of others are left alone.
    """
    kept = {name: text_at(said, "/call_id") for name, said in requests.metadata.items()}
    results = {name: await _come_to(client, each, wait_s) for name, each in kept.items() if each}
    return DeferredToolResults(calls=dict(results))


async def _come_to(client: Evergrant, call_id: str, wait_s: float) -> JsonObject | ToolFailed:
    try:
        return (await client.resume_call(call_id, wait_s=wait_s)).as_json()
    except UNSAID:
        raise
    except EvergrantError as error:
        if await _waits(client, call_id):
            raise
        return ToolFailed(str(error))


async def _waits(client: Evergrant, call_id: str) -> bool:
    try:
        return (await client.get_call(call_id)).status in ("waiting", "running")
    except NotFound:
        return False


def _tool(client: Evergrant, account: str, tool: JsonObject, *, defer: bool) -> Tool[object]:
    name = str(tool["name"])

    async def call(**given: Json) -> JsonObject:
        try:
            result = await client.execute_tool(connected_account_id=account, tool_name=name, tool_input=given)
        except InvalidInput as error:
            raise ModelRetry(str(error)) from error
        except EvergrantError as error:
            if defer and isinstance(error, PersonNeeded) and error.call_id:
                raise CallDeferred(dict(error.said)) from error
            raise ToolFailed(str(error)) from error
        return result.as_json()

    schema = cast("dict[str, Any]", tool["input_schema"])
    return Tool.from_schema(call, name, str(tool["description"]), schema)
