"""The job set: it ticks when something is due, and a tick that comes late is made up for."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (APScheduler 3 is not typed)

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from anyio.lowlevel import checkpoint

from evergrant.entry.jobs import LONGEST_WAIT, job_set, next_tick
from evergrant.model.clock import SystemClock
from evergrant.store.database import StoreUnavailable

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 5, 25, tzinfo=UTC)
CLOCK = SystemClock()


@pytest.mark.parametrize(
    ("due_in", "looked_at_in"),
    [(None, 30), (10, 10), (3600, 30), (-3600, 1), (0, 1)],
)
def test_the_next_look_is_when_something_is_due_within_bounds(due_in: int | None, looked_at_in: int) -> None:
    due = None if due_in is None else NOW + timedelta(seconds=due_in)

    assert next_tick(NOW, due) == NOW + timedelta(seconds=looked_at_in)


async def test_a_tick_runs_at_once_and_again_when_the_next_account_is_due() -> None:
    ticks: list[datetime] = []
    twice = asyncio.Event()

    async def tick() -> datetime | None:
        ticks.append(CLOCK.now())
        if len(ticks) == 2:
            twice.set()
        return CLOCK.now()

    scheduler = job_set(tick, CLOCK, structlog.get_logger())
    scheduler.start()
    async with asyncio.timeout(10):
        await twice.wait()
    scheduler.shutdown(wait=False)

    assert ticks[1] - ticks[0] < LONGEST_WAIT


async def test_a_tick_that_is_hours_late_still_runs() -> None:
    ran = asyncio.Event()

    async def tick() -> datetime | None:
        ran.set()
        return None

    scheduler = job_set(tick, CLOCK, structlog.get_logger())
    scheduler.modify_job("refresh_due", next_run_time=CLOCK.now() - timedelta(hours=9))
    scheduler.start()
    async with asyncio.timeout(10):
        await ran.wait()
    scheduler.shutdown(wait=False)


async def test_a_tick_that_fails_is_followed_by_another() -> None:
    failed = asyncio.Event()

    async def tick() -> datetime | None:
        failed.set()
        raise StoreUnavailable("the disk is full")

    scheduler = job_set(tick, CLOCK, structlog.get_logger())
    scheduler.start()
    async with asyncio.timeout(10):
        await failed.wait()
        for _ in range(3):
            await checkpoint()
    job = scheduler.get_job("refresh_due")
    assert job is not None
    following: datetime = job.next_run_time
    scheduler.shutdown(wait=False)

    assert timedelta(0) < following - CLOCK.now() <= LONGEST_WAIT
