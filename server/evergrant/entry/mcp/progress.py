"""Signs of life of a call that takes many requests, for a client that asked for them."""

from collections.abc import Awaitable, Callable

import anyio

from evergrant.entry.mcp.client import Context
from evergrant.model.clock import Clock

SHORTEST_PAUSE_S = 1.0
"""Between two of them."""
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError)


def progress_to(context: Context, clock: Clock) -> Callable[[int], Awaitable[None]] | None:
    """Tells the client of the request in hand how many requests were answered; None where it gave no token for it."""
    if "progress_token" not in (context.meta or {}):
        return None
    told_at: float | None = None

    async def tell(answered: int) -> None:
        nonlocal told_at
        now = clock.monotonic()
        if told_at is not None and now - told_at < SHORTEST_PAUSE_S:
            return
        told_at = now
        try:
            await context.session.report_progress(answered, None, _said(answered))
        except GONE:
            return  # whoever hears nothing any more must not fail the call

    return tell


def _said(answered: int) -> str:
    return "The service has answered." if answered == 1 else f"The service has answered {answered} requests."
