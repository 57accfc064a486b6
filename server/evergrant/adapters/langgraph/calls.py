"""One tool call in a node: made once, however often the node is run."""

from collections.abc import Awaitable, Callable

from langgraph.func import task
from langgraph.types import interrupt

from evergrant.adapters.langgraph.waiting import pause
from evergrant.model.json import JsonObject, at, text_at
from evergrant.sdk.client import Evergrant
from evergrant.sdk.errors import CallExpired, PersonNeeded, error_of
from evergrant.sdk.result import ToolResult, result_of

Make = Callable[[], Awaitable[ToolResult]]


class ReplayedOutOfOrder(RuntimeError):
    """The node made its calls in another order than before its interrupt, so that results cannot be told apart."""


async def call_tool(
    client: Evergrant, *, connected_account_id: str, tool_name: str, tool_input: JsonObject
) -> ToolResult:
    """As `Evergrant.execute_tool`, for use in a node or a tool of a graph with a checkpointer.

    LangGraph runs a node from its start again when it goes on after an interrupt. What a call came to is therefore
    kept by the checkpointer (as a task of the functional API), and the run after takes it from there. Where the grant
    is dead, or a person must approve the call, the node is interrupted; once it is resumed, the kept call goes on.

    Raises EvergrantError for every other failure, which is not kept, CallCancelled where the person refused the call;
    ReplayedOutOfOrder.
    """
    asked: JsonObject = {"account": connected_account_id, "tool": tool_name, "input": tool_input}

    async def execute() -> ToolResult:
        return await client.execute_tool(
            connected_account_id=connected_account_id, tool_name=tool_name, tool_input=tool_input
        )

    said = await _once(asked, execute)
    while needed := _needed(said):
        interrupt(pause(needed, asked))
        said = await _once(asked, _continued(client, needed.call_id, execute))
    return _result(said)


def _continued(client: Evergrant, call_id: str | None, execute: Make) -> Make:
    """Goes on with the kept call; makes it anew where it was not kept or was given up: nothing of it was done then."""

    async def go_on() -> ToolResult:
        try:
            return await client.resume_call(call_id or "")
        except CallExpired:
            return await execute()

    return go_on if call_id else execute


async def _once(asked: JsonObject, make: Make) -> JsonObject:
    """What the call came to, in a form that a checkpointer keeps: made now, or taken from the run before."""

    @task
    async def evergrant_call() -> JsonObject:
        try:
            return {"asked": asked, "result": (await make()).as_json()}
        except PersonNeeded as needed:
            return {"asked": asked, "needed": needed.said}

    said = await evergrant_call()
    # Tasks are found again by their place among the node's tasks alone.
    if said["asked"] != asked:
        raise ReplayedOutOfOrder(f"asked for {text_at(asked, '/tool')}, kept was {text_at(said, '/asked/tool')}")
    return said


def _needed(said: JsonObject) -> PersonNeeded | None:
    failure = at(said, "/needed")
    needed = error_of(failure) if isinstance(failure, dict) else None
    return needed if isinstance(needed, PersonNeeded) else None


def _result(said: JsonObject) -> ToolResult:
    result = at(said, "/result")
    return result_of(result if isinstance(result, dict) else {})
