"""One call for a framework that has no interrupt of its own: the call itself may wait for its person."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evergrant.model.json import JsonObject
from evergrant.sdk.client import Evergrant
from evergrant.sdk.errors import ReauthRequired
from evergrant.sdk.result import ToolResult

Ask = Callable[[ReauthRequired], Awaitable[None]]
"""Asks the person of a dead grant: it is told the link and its code."""
WAIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls as one connected account."""

    client: Evergrant
    account: str
    ask: Ask | None = None
    wait_s: float = WAIT_S

    async def make(self, tool_name: str, tool_input: JsonObject) -> ToolResult:
        """As `Evergrant.execute_tool`; where the grant is dead and there is an `ask`, it is asked, and the kept call
        goes on, once, as soon as the person is back. Raises ReauthRequired where that takes longer than `wait_s`."""
        try:
            return await self.client.execute_tool(
                connected_account_id=self.account, tool_name=tool_name, tool_input=tool_input
            )
        except ReauthRequired as needed:
            if self.ask is None or needed.call_id is None:
                raise
            await self.ask(needed)
            return await self.client.resume_call(needed.call_id, wait_s=self.wait_s)
