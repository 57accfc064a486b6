"""Time that jumps still passes in order, and not while a thread works."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.day.clocks import START, MachineClock, TrueClock
from tests.day.virtual_loop import run

from evergrant.model.clock import SystemClock

sleep = SystemClock().sleep


def test_waits_end_in_the_order_of_their_ends() -> None:
    ended: list[float] = []

    async def wait(seconds: float) -> None:
        await sleep(seconds)
        ended.append(asyncio.get_running_loop().time())

    async def main() -> None:
        await asyncio.gather(*(wait(hours * 3600.0) for hours in (9, 1, 5)))

    run(main())

    assert ended == [3600.0, 18_000.0, 32_400.0]


def test_a_deadline_strikes_in_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(15):
                await sleep(3600)
        return asyncio.get_running_loop().time()

    assert run(main()) == 15.0


def test_no_time_passes_while_a_thread_works() -> None:
    async def main() -> float:
        loop, never = asyncio.get_running_loop(), threading.Event()
        timer = asyncio.create_task(sleep(3600))
        with ThreadPoolExecutor() as threads:
            await loop.run_in_executor(threads, never.wait, 0.05)
        passed = loop.time()
        timer.cancel()
        return passed

    assert run(main()) == 0.0


def test_a_sleeping_machine_loses_no_time_and_a_set_clock_no_seconds() -> None:
    async def main() -> tuple[float, float, float]:
        true = TrueClock(asyncio.get_running_loop())
        machine = MachineClock(true)
        true.suspend(60)
        await machine.sleep(30)
        machine.step(START - machine.now())
        return (true.now() - START).total_seconds(), machine.monotonic(), (machine.now() - START).total_seconds()

    assert run(main()) == (90.0, 90.0, 0.0)
