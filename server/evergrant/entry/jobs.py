"""The job set: a tick that renews what is due. The due times lie in the database; no job is kept per account."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (APScheduler 3 is not typed)

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog.typing import FilteringBoundLogger

from evergrant.entry.mcp.wall import Wall
from evergrant.model.clock import Clock
from evergrant.store.database import StoreUnavailable
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.seal import SealBroken

LONGEST_WAIT = timedelta(seconds=30)
SHORTEST_WAIT = timedelta(seconds=1)
EPOCH_LENGTH = timedelta(hours=1)
REFRESH_DUE, TAKE_OVER, BEGIN_EPOCH, TEND_CALLS = "refresh_due", "take_over", "begin_epoch", "tend_calls"
PRUNE_AUDIT = "prune_audit"
HOURLY = (BEGIN_EPOCH, PRUNE_AUDIT)

Tick = Callable[[], Awaitable[datetime | None]]


async def nothing_to_do() -> None:
    """A tick that does nothing."""


def job_set(
    tick: Tick,
    clock: Clock,
    machine_clock: Clock,
    log: FilteringBoundLogger,
    *,
    elected: asyncio.Event | None = None,
    stand_by: Tick = nothing_to_do,
    begin_epoch: Callable[[], Awaitable[object]] = nothing_to_do,
    tend_calls: Callable[[], Awaitable[object]] = nothing_to_do,
    prune_audit: Callable[[], Awaitable[object]] = nothing_to_do,
) -> AsyncIOScheduler:
    """A scheduler, not yet started, that ticks at the next due time and at least every 30 seconds.

    Due times are those of `clock`; the scheduler goes by the `machine_clock`. Until `elected` is set another process
    leads, and `stand_by` takes the tick's place; then it ticks at once. None is a process that always leads. A late
    tick is made up for and never dropped: APScheduler's own default drops what is a second late, which a laptop that
    slept always is. A tick that fails, however unforeseen, is logged and followed by the next one; APScheduler would
    log the failure itself. `begin_epoch` runs at the start and hourly, whoever leads: copies
    of the vault are told by it. So does `tend_calls`, every 30 seconds: it sees to kept calls. And hourly `prune_audit`
    forgets what the audit need not keep any longer.
    """
    scheduler = AsyncIOScheduler(timezone="UTC")

    one_at_a_time = asyncio.Lock()

    async def refresh_due() -> None:
        async with one_at_a_time:
            leads, due = elected is None or elected.is_set(), None
            with Wall(log, "refresh tick", with_text=True):
                due = await _due(tick if leads else stand_by, log)
            now = clock.now()
            wait = next_tick(now, due) - now
            scheduler.modify_job(REFRESH_DUE, next_run_time=machine_clock.now() + wait)

    async def take_over(elected: asyncio.Event) -> None:
        # Called, not scheduled: the scheduler would skip it while the job is still standing by.
        await elected.wait()
        await refresh_due()

    async def next_epoch() -> None:
        with Wall(log, "epoch", with_text=True):
            try:
                await begin_epoch()
            except (StoreUnavailable, KeyUnavailable, SealBroken) as error:
                log.warning("no epoch begun: a copy made now would not be known for one", error=str(error))

    async def tend() -> None:
        with Wall(log, "kept calls", with_text=True):
            try:
                await tend_calls()
            except (StoreUnavailable, SealBroken) as error:
                log.warning("kept calls not seen to", error=str(error))

    now = machine_clock.now()
    _every(LONGEST_WAIT, scheduler, refresh_due, REFRESH_DUE, now)
    _every(EPOCH_LENGTH, scheduler, next_epoch, BEGIN_EPOCH, now)
    _every(EPOCH_LENGTH, scheduler, _pruning(prune_audit, log), PRUNE_AUDIT, now)
    _every(LONGEST_WAIT, scheduler, tend, TEND_CALLS, now)
    if elected is not None:
        scheduler.add_job(_ending_calmly(lambda: take_over(elected)), id=TAKE_OVER, misfire_grace_time=None)
    return scheduler


def _pruning(prune_audit: Callable[[], Awaitable[object]], log: FilteringBoundLogger) -> Callable[[], Awaitable[None]]:
    async def prune() -> None:
        with Wall(log, "audit", with_text=True):
            try:
                await prune_audit()
            except StoreUnavailable as error:
                log.warning("the audit's old lines are not forgotten yet", error=str(error))

    return prune


def _every(
    length: timedelta, scheduler: AsyncIOScheduler, work: Callable[[], Awaitable[None]], id_: str, first: datetime
) -> None:
    scheduler.add_job(
        _ending_calmly(work),
        "interval",
        seconds=length.total_seconds(),
        id=id_,
        next_run_time=first,
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
    )


def _ending_calmly(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """`work`, cancelled by nobody but the scheduler when it ends, which would log that as a failure of the work."""

    async def run() -> None:
        with suppress(asyncio.CancelledError):
            await work()

    return run


async def _due(tick: Tick, log: FilteringBoundLogger) -> datetime | None:
    try:
        return await tick()
    except StoreUnavailable as error:
        log.warning("refresh tick failed", error=str(error))
        return None


async def keep_on_time(scheduler: AsyncIOScheduler, machine_clock: Clock) -> None:
    """Until cancelled, see to it that no job waits for a time of day that has moved away.

    When the clock is set back by an hour, APScheduler would wait an hour more; elapsed time cannot be set.
    """
    while True:
        await machine_clock.sleep(LONGEST_WAIT.total_seconds())
        now = machine_clock.now()
        for job in scheduler.get_jobs():
            longest = EPOCH_LENGTH if job.id in HOURLY else LONGEST_WAIT
            if job.next_run_time is not None and job.next_run_time > now + longest:
                job.modify(next_run_time=now)


def next_tick(now: datetime, due: datetime | None) -> datetime:
    """When to look again: at the next due time, but within bounds."""
    wished = due or now + LONGEST_WAIT
    return min(max(wished, now + SHORTEST_WAIT), now + LONGEST_WAIT)
