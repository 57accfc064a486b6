"""True time, which the provider keeps, and the machine's idea of it, which may be set."""

import asyncio
from datetime import UTC, datetime, timedelta

from evergrant.model.clock import SystemClock

START = datetime(2026, 5, 25, tzinfo=UTC)


class TrueClock:
    """A clock (`evergrant.model.clock.Clock`) that goes with the loop, and on while the machine sleeps."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._suspended_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since START, those asleep included, as CLOCK_BOOTTIME counts."""
        return self._loop.time() + self._suspended_s

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds)

    def suspend(self, seconds: float) -> None:
        """The machine sleeps: time goes on, and every timer stands still."""
        self._suspended_s += seconds


class MachineClock:
    """The clock of the machine that the engine runs on: elapsed time is true, the time of day may be wrong."""

    def __init__(self, true: TrueClock) -> None:
        self._true = true
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return self._true.now() + self._ahead

    def monotonic(self) -> float:
        return self._true.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)

    def step(self, by: timedelta) -> None:
        """Somebody, or NTP, sets the time of day."""
        self._ahead += by
