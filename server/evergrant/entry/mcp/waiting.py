"""Holding a request until the person has reconnected, with signs of life for its client."""

from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.pending import Pending
from evergrant.service.held import HeldCalls

STEP_S = 5.0
"""Clients that count silence count from each sign of life."""


async def held(context: Context, calls: HeldCalls, pending: Pending, seconds: float) -> bool:
    """Whether the call can go on, waited for up to so long.

    The client hears of the link at once and every STEP_S, where it gave a progress token.
    """
    if await calls.wait(pending.tenant_id, pending.call_id, 0):
        return True
    waited = 0.0
    while waited < seconds:
        await context.session.report_progress(waited, seconds, pending.said)
        step = min(STEP_S, seconds - waited)
        if await calls.wait(pending.tenant_id, pending.call_id, step):
            return True
        waited += step
    return False
