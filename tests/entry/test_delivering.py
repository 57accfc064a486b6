"""The loop that has events told: at once, again after a failure, and beside a run that takes long."""

import asyncio
from pathlib import Path

import pytest
import structlog
from anyio.lowlevel import checkpoint
from structlog.testing import LogCapture
from tests.events.stage import stage
from typing_extensions import override

from evergrant.entry.delivering import delivering
from evergrant.model.clock import SystemClock
from evergrant.store.database import StoreUnavailable

pytestmark = pytest.mark.anyio


class Patient(SystemClock):
    """Its waits do not end, so that what happens is owed to the news."""

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Hasty(SystemClock):
    @override
    async def sleep(self, seconds: float) -> None:
        await checkpoint()


async def test_an_event_of_this_process_is_told_at_once_and_a_slow_run_puts_off_no_other(tmp_path: Path) -> None:
    runs, begun = 0, asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        begun.set()
        await asyncio.Event().wait()

    async with (
        asyncio.timeout(20),
        stage(tmp_path / "home") as on,
        delivering(work, on.vault.database, Patient(), structlog.get_logger()),
    ):
        await begun.wait()
        for expected in (2, 3):
            begun.clear()
            await on.die(expected)
            await begun.wait()
            assert runs == expected
        begun.clear()
        await on.vault.database.write(lambda _: None)
        for _ in range(20):
            await checkpoint()
        assert not begun.is_set()


async def test_without_news_it_looks_again_and_again(tmp_path: Path) -> None:
    runs, often = 0, asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 5:
            often.set()

    async with (
        asyncio.timeout(20),
        stage(tmp_path / "home") as on,
        delivering(work, on.vault.database, Hasty(), structlog.get_logger()),
    ):
        await often.wait()


async def test_trouble_of_the_store_is_logged_once_and_an_unforeseen_failure_each_time(tmp_path: Path) -> None:
    captured = LogCapture()
    log = structlog.wrap_logger(structlog.PrintLogger(), processors=[captured])
    runs, often = 0, asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 6:
            often.set()
        if runs > 3:
            raise ZeroDivisionError("nobody thought of this")
        raise StoreUnavailable("the disk is full")

    async with (
        asyncio.timeout(20),
        stage(tmp_path / "home") as on,
        delivering(work, on.vault.database, Hasty(), log),
    ):
        await often.wait()
    events = [entry["event"] for entry in captured.entries]
    assert events[0] == "events wait: they cannot be read"
    assert events.count("events wait: they cannot be read") == 1
    assert events.count("unforeseen failure") >= 2
