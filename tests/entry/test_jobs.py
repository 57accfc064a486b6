"""The job set: it ticks when something is due, and a tick that comes late is made up for."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (APScheduler 3 is not typed)

import asyncio
import io
import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from anyio.lowlevel import checkpoint
from structlog.testing import LogCapture
from tests.fakes.clock import ManualClock
from tests.fakes.logging_state import logging_kept
from typing_extensions import override

from evergrant.entry.jobs import (
    BEGIN_EPOCH,
    EPOCH_LENGTH,
    LONGEST_WAIT,
    PRUNE_AUDIT,
    TEND_CALLS,
    job_set,
    keep_on_time,
    next_tick,
    nothing_to_do,
)
from evergrant.model.clock import SystemClock
from evergrant.store.database import StoreUnavailable
from evergrant.vault.ring import KeyUnavailable

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

    scheduler = job_set(tick, CLOCK, CLOCK, structlog.get_logger())
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

    scheduler = job_set(tick, CLOCK, CLOCK, structlog.get_logger())
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

    scheduler = job_set(tick, CLOCK, CLOCK, structlog.get_logger())
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


class Ticks:
    """Counts ticks of both kinds and lets a test wait for one."""

    def __init__(self) -> None:
        self.led = self.stood_by = 0
        self.happened = asyncio.Event()

    async def tick(self) -> datetime | None:
        self.led += 1
        self.happened.set()
        return None

    async def stand_by(self) -> datetime | None:
        self.stood_by += 1
        self.happened.set()
        return None

    async def next(self) -> None:
        async with asyncio.timeout(10):
            await self.happened.wait()
        self.happened.clear()


async def test_only_the_leader_ticks_and_a_new_leader_ticks_at_once() -> None:
    ticks, elected = Ticks(), asyncio.Event()
    scheduler = job_set(ticks.tick, CLOCK, CLOCK, structlog.get_logger(), elected=elected, stand_by=ticks.stand_by)
    scheduler.start()
    await ticks.next()
    assert (ticks.led, ticks.stood_by) == (0, 1)

    elected_at = CLOCK.now()
    elected.set()
    await ticks.next()
    scheduler.shutdown(wait=False)

    assert (ticks.led, ticks.stood_by) == (1, 1)
    assert CLOCK.now() - elected_at < LONGEST_WAIT


async def test_a_process_that_is_elected_while_it_stands_by_ticks_right_after() -> None:
    ticks, elected = Ticks(), asyncio.Event()

    async def stand_by() -> datetime | None:
        elected.set()
        for _ in range(5):
            await checkpoint()
        return None

    scheduler = job_set(ticks.tick, CLOCK, CLOCK, structlog.get_logger(), elected=elected, stand_by=stand_by)
    scheduler.start()
    await ticks.next()
    scheduler.shutdown(wait=False)

    assert ticks.led == 1


async def test_a_leader_from_the_start_does_not_stand_by() -> None:
    ticks, elected = Ticks(), asyncio.Event()
    elected.set()
    scheduler = job_set(ticks.tick, CLOCK, CLOCK, structlog.get_logger(), elected=elected, stand_by=ticks.stand_by)
    scheduler.start()
    await ticks.next()
    scheduler.shutdown(wait=False)

    assert ticks.led >= 1
    assert ticks.stood_by == 0


async def test_shutting_down_before_an_election_leaves_nothing_behind() -> None:
    ticks = Ticks()
    before = asyncio.all_tasks()
    scheduler = job_set(
        ticks.tick, CLOCK, CLOCK, structlog.get_logger(), elected=asyncio.Event(), stand_by=ticks.stand_by
    )
    scheduler.start()
    await ticks.next()
    scheduler.shutdown(wait=False)
    for _ in range(5):
        await checkpoint()

    assert asyncio.all_tasks() == before


async def test_shutting_down_in_the_middle_of_a_job_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    began = asyncio.Event()

    async def begin_epoch() -> None:
        began.set()
        await asyncio.Event().wait()

    scheduler = job_set(
        nothing_to_do, CLOCK, CLOCK, structlog.get_logger(), elected=asyncio.Event(), begin_epoch=begin_epoch
    )
    scheduler.start()
    await began.wait()
    for _ in range(5):
        await checkpoint()
    scheduler.shutdown(wait=False)
    for _ in range(5):
        await checkpoint()

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


class Hasty(SystemClock):
    """Waits for nothing."""

    @override
    async def sleep(self, seconds: float) -> None:
        await checkpoint()


async def test_a_clock_that_is_set_back_delays_no_tick() -> None:
    ticks = Ticks()
    scheduler = job_set(ticks.tick, CLOCK, CLOCK, structlog.get_logger())
    scheduler.start()
    await ticks.next()
    # To the scheduler, setting the clock back by a day looks as if its job were planned a day too late.
    scheduler.modify_job("refresh_due", next_run_time=CLOCK.now() + timedelta(days=1))
    watch = asyncio.create_task(keep_on_time(scheduler, Hasty()))

    await ticks.next()

    watch.cancel()
    scheduler.shutdown(wait=False)
    assert ticks.led == 2


async def test_a_tick_is_planned_by_the_machines_time_of_day_though_due_times_are_of_another_clock() -> None:
    ahead = ManualClock(CLOCK.now() + timedelta(days=1))
    ticked = asyncio.Event()

    async def tick() -> datetime | None:
        ticked.set()
        return ahead.now() + timedelta(seconds=20)

    scheduler = job_set(tick, ahead, CLOCK, structlog.get_logger())
    scheduler.start()
    async with asyncio.timeout(10):
        await ticked.wait()
        for _ in range(3):
            await checkpoint()
    job = scheduler.get_job("refresh_due")
    assert job is not None
    following: datetime = job.next_run_time
    scheduler.shutdown(wait=False)

    assert following - CLOCK.now() <= timedelta(seconds=20)


async def test_an_epoch_begins_at_the_start_and_a_failure_is_only_told() -> None:
    begun, told = asyncio.Event(), list[str]()

    async def begin_epoch() -> None:
        begun.set()
        raise KeyUnavailable("The keychain is locked.")

    def note(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        told.append(str(event["error"]))
        raise structlog.DropEvent

    log = structlog.wrap_logger(None, processors=[note])
    scheduler = job_set(nothing_to_do, CLOCK, CLOCK, log, begin_epoch=begin_epoch)
    scheduler.start()
    async with asyncio.timeout(10):
        await begun.wait()
        while not told:
            await checkpoint()
    job = scheduler.get_job(BEGIN_EPOCH)
    assert job is not None
    following: datetime = job.next_run_time
    scheduler.shutdown(wait=False)

    assert told == ["The keychain is locked."]
    assert EPOCH_LENGTH - LONGEST_WAIT < following - CLOCK.now() <= EPOCH_LENGTH


async def test_the_audits_old_lines_are_forgotten_at_the_start_and_hourly_and_a_failure_is_only_told() -> None:
    pruned, told = asyncio.Event(), list[str]()

    async def prune_audit() -> None:
        pruned.set()
        raise StoreUnavailable("The disk is full.")

    def note(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        told.append(str(event["error"]))
        raise structlog.DropEvent

    log = structlog.wrap_logger(None, processors=[note])
    scheduler = job_set(nothing_to_do, CLOCK, CLOCK, log, prune_audit=prune_audit)
    scheduler.start()
    async with asyncio.timeout(10):
        await pruned.wait()
        while not told:
            await checkpoint()
    job = scheduler.get_job(PRUNE_AUDIT)
    assert job is not None
    following: datetime = job.next_run_time
    scheduler.shutdown(wait=False)

    assert told == ["The disk is full."]
    assert EPOCH_LENGTH - LONGEST_WAIT < following - CLOCK.now() <= EPOCH_LENGTH


async def test_kept_calls_are_seen_to_at_the_start_and_a_failure_is_only_told() -> None:
    tended, told = asyncio.Event(), list[str]()

    async def tend_calls() -> None:
        tended.set()
        raise StoreUnavailable("The disk is full.")

    def note(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        told.append(str(event["error"]))
        raise structlog.DropEvent

    log = structlog.wrap_logger(None, processors=[note])
    scheduler = job_set(nothing_to_do, CLOCK, CLOCK, log, tend_calls=tend_calls)
    scheduler.start()
    async with asyncio.timeout(10):
        await tended.wait()
        while not told:
            await checkpoint()
    job = scheduler.get_job(TEND_CALLS)
    assert job is not None
    following: datetime = job.next_run_time
    scheduler.shutdown(wait=False)

    assert told == ["The disk is full."]
    assert timedelta() < following - CLOCK.now() <= LONGEST_WAIT


async def test_an_hourly_job_is_not_hurried_by_the_watch_over_the_clock() -> None:
    clock = ManualClock(CLOCK.now())
    scheduler = job_set(nothing_to_do, CLOCK, CLOCK, structlog.get_logger())
    scheduler.start(paused=True)
    expected = clock.now() + EPOCH_LENGTH
    scheduler.modify_job(BEGIN_EPOCH, next_run_time=expected)
    watch = asyncio.create_task(keep_on_time(scheduler, clock))
    for _ in range(5):
        await checkpoint()
    watch.cancel()

    job = scheduler.get_job(BEGIN_EPOCH)
    assert job is not None
    assert job.next_run_time == expected
    scheduler.shutdown(wait=False)


async def test_a_tick_that_fails_unforeseen_is_logged_by_us_alone_and_followed_by_another() -> None:
    captured, records = LogCapture(), io.StringIO()
    log = structlog.wrap_logger(structlog.PrintLogger(), processors=[captured])
    failed = asyncio.Event()

    async def tick() -> datetime | None:
        failed.set()
        raise ZeroDivisionError("nobody thought of this")

    with logging_kept():
        logging.basicConfig(stream=records, level=logging.DEBUG)
        scheduler = job_set(tick, CLOCK, CLOCK, log)
        scheduler.start()
        async with asyncio.timeout(10):
            await failed.wait()
            for _ in range(3):
                await checkpoint()
        job = scheduler.get_job("refresh_due")
        scheduler.shutdown(wait=False)

    assert job is not None
    assert timedelta(0) < job.next_run_time - CLOCK.now() <= LONGEST_WAIT
    (entry,) = captured.entries
    assert entry["event"] == "unforeseen failure"
    assert (entry["type"], entry["error"]) == ("builtins.ZeroDivisionError", "nobody thought of this")
    assert "nobody thought of this" not in records.getvalue()
