"""An account's tools as LangChain tools, for `create_agent`, `ToolNode` and any node that calls them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from langchain_core.tools import StructuredTool, ToolException
from typing_extensions import override

from evergrant.adapters.langgraph.calls import call_tool
from evergrant.model.json import Json, JsonObject
from evergrant.sdk.client import Evergrant
from evergrant.sdk.errors import EvergrantError


class _AccountTool(StructuredTool):
    """All that it is given goes to the call: LangChain would keep inputs called `config` or `run_manager` to itself."""

    @override
    async def _arun(self, /, *args: Any, **given: Any) -> Any:
        call = cast("Callable[..., Awaitable[object]]", self.coroutine)
        return await call(*args, **given)


async def langchain_tools(
    client: Evergrant, connected_account_id: str, *, toolset: str | None = None, tool_names: Sequence[str] = ()
) -> list[StructuredTool]:
    """One tool for each that the account has, narrowed as by `Evergrant.get_tools`.

    A failure is told to the model in words; a dead grant, or an approval that is wanted, interrupts.
    """
    found = await client.get_tools(
        connected_account_id=connected_account_id, toolset=toolset, tool_names=tool_names, format="anthropic"
    )
    return [_tool(client, connected_account_id, each) for each in found]


def _tool(client: Evergrant, account: str, tool: JsonObject) -> StructuredTool:
    name, schema = str(tool["name"]), tool["input_schema"]

    async def call(**given: Json) -> str:
        try:
            result = await call_tool(client, connected_account_id=account, tool_name=name, tool_input=given)
        except EvergrantError as error:
            raise ToolException(str(error)) from error
        return result.text

    return _AccountTool(
        name=name,
        description=str(tool["description"]),
        args_schema=dict(schema) if isinstance(schema, Mapping) else {},
        coroutine=call,
        handle_tool_error=True,
    )
