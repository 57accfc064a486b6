"""Signs of life of a call that takes many requests, for a client that asked for them."""

from collections.abc import Awaitable, Callable

import anyio

from evergrant.entry.mcp.client import Context
from evergrant.model.clock import Clock

SHORTEST_PAUSE_S = 1.0
"""Between two of them."""
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError)


def progress_to(context: Context, clock: Clock) -> Callable[[int], Awaitable[None]]:
    """Tells the client of the request in hand how many requests were answered, if it gave a token for it."""
    told_at: float | None = None

    async def tell(answered: int) -> None:
        nonlocal told_at
        if answered == 1:
            return  # most reads end here
        now = clock.monotonic()
        if told_at is not None and now - told_at < SHORTEST_PAUSE_S:
            return
        told_at = now
        try:
            await context.session.report_progress(answered, None, f"The service has answered {answered} requests.")
        except GONE:
            return  # whoever hears nothing any more must not fail the call

    return tell
