"""The job set: a tick that renews what is due. The due times lie in the database; no job is kept per account."""

# pyright: reportUnknownMemberType=false
# (APScheduler 3 is not typed)

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog.typing import FilteringBoundLogger

from evergrant.model.clock import Clock
from evergrant.store.database import StoreUnavailable

LONGEST_WAIT = timedelta(seconds=30)
SHORTEST_WAIT = timedelta(seconds=1)

Tick = Callable[[], Awaitable[datetime | None]]


def job_set(tick: Tick, clock: Clock, log: FilteringBoundLogger) -> AsyncIOScheduler:
    """A scheduler, not yet started, that ticks at the next due time and at least every 30 seconds.

    A late tick is made up for and never dropped: APScheduler's own default drops what is a second late, which a laptop
    that slept always is.
    """
    scheduler = AsyncIOScheduler(timezone="UTC")

    async def refresh_due() -> None:
        try:
            due = await tick()
        except StoreUnavailable as error:
            log.warning("refresh tick failed", error=str(error))
            due = None
        scheduler.modify_job("refresh_due", next_run_time=next_tick(clock.now(), due))

    scheduler.add_job(
        refresh_due,
        "interval",
        seconds=LONGEST_WAIT.total_seconds(),
        id="refresh_due",
        next_run_time=clock.now(),
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
    )
    return scheduler


def next_tick(now: datetime, due: datetime | None) -> datetime:
    """When to look again: at the next due time, but within bounds."""
    wished = due or now + LONGEST_WAIT
    return min(max(wished, now + SHORTEST_WAIT), now + LONGEST_WAIT)
