"""`execute_tool`."""

from typing import Annotated

from mcp.types import ToolAnnotations
from pydantic import Field, JsonValue, WithJsonSchema

from evergrant.entry.mcp import envelope
from evergrant.entry.mcp.meta import Answer, Input, meta_tool
from evergrant.entry.mcp.parts import Parts
from evergrant.service.standing import Standing


class _Execute(Input):
    connected_account_id: Annotated[str, Field(description="Id or alias from list_accounts.")]
    tool_name: Annotated[str, Field(description="Exact name from search_tools.")]
    tool_input: Annotated[
        dict[str, JsonValue],
        WithJsonSchema({"type": "object", "description": "The tool's input; describe_tools gives its schema."}),
    ]


async def _execute(_parts: Parts, who: Standing, given: _Execute) -> Answer:
    return await who.execute(given.connected_account_id, given.tool_name, given.tool_input)


EXECUTE_TOOL = meta_tool(
    "execute_tool",
    "Execute a tool",
    "Call a tool as a connected account. The effect that search_tools gives says whether it reads, writes or destroys. "
    "An empty result says so and is not a failure. A failure says what happened and what to do next; reauth_required "
    "carries a link for the person.",
    given=_Execute,
    gives=envelope.schema({}),
    run=_execute,
    hints=ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True),
)
