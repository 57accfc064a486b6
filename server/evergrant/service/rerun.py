"""Kept calls are executed as all others are, and noted as all others."""

from dataclasses import dataclass

from evergrant.model.held_call import HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Outcome
from evergrant.service.audit import Audit
from evergrant.service.execute import Executor


@dataclass(frozen=True, slots=True)
class Rerun:
    """Executes a kept call in the name of who made it."""

    executor: Executor
    audit: Audit

    async def __call__(self, call: HeldCall, tool_input: JsonObject, *, idempotency_key: str) -> Outcome:
        async with self.audit.call(call.account_key, tool_input, call.asked_by, call.id) as noted:
            outcome = await self.executor.execute_tool(
                call.account_key, call.tool_name, tool_input, idempotency_key=idempotency_key, trace=noted.trace
            )
            return noted.came_to(outcome)
