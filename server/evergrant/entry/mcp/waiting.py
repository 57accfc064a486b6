"""Holding a request until the person has done their part, with signs of life for its client."""

from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import Pending

STEP_S = 5.0
"""Clients that count silence count from each sign of life."""


async def held(context: Context, parts: Parts, pending: Pending) -> bool:
    """Whether the call can go on, waited for as long as a request may wait.

    The client hears of the link at once and every STEP_S, where it gave a progress token.
    """
    if await pending.wait(0):
        return True
    waited = 0.0
    while waited < parts.hold_s:
        await context.session.report_progress(waited, parts.hold_s, pending.said)
        step = min(STEP_S, parts.hold_s - waited)
        if await pending.wait(step):
            return True
        waited += step
    return False
