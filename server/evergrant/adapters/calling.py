"""One call for a framework that has no interrupt of its own: the call itself may wait for its person."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evergrant.model.json import JsonObject
from evergrant.sdk.client import LONGEST_WAIT_S, Evergrant
from evergrant.sdk.errors import PersonNeeded
from evergrant.sdk.result import ToolResult

Ask = Callable[[PersonNeeded], Awaitable[None]]
"""Asks the person of a dead grant, or of a call that must be approved: it is told the link and its code."""
WAIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls as one connected account."""

    client: Evergrant
    account: str
    ask: Ask | None = None
    wait_s: float = WAIT_S

    async def make(self, tool_name: str, tool_input: JsonObject) -> ToolResult:
        """As `Evergrant.execute_tool`; where the call needs its person and there is an `ask`, it is asked, and the kept
        call goes on, once, as soon as the person is back or has approved it. Raises PersonNeeded where that takes
        longer than `wait_s`, CallCancelled where the call is refused."""
        try:
            return await self.client.execute_tool(
                connected_account_id=self.account, tool_name=tool_name, tool_input=tool_input
            )
        except PersonNeeded as needed:
            if self.ask is None or needed.call_id is None:
                raise
            await self.ask(needed)
            return await self._gone_on(needed, needed.call_id, self.ask)

    async def _gone_on(self, needed: PersonNeeded, call_id: str, ask: Ask) -> ToolResult:
        """What is needed may change, as where the grant of an approved call is dead: the person hears of that too."""
        left = self.wait_s
        while True:
            step = min(left, LONGEST_WAIT_S)
            left -= step
            try:
                return await self.client.resume_call(call_id, wait_s=step)
            except PersonNeeded as now:
                if type(now) is not type(needed):
                    await ask(now)
                elif left <= 0:
                    raise
                needed = now
