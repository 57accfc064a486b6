"""Time that passes when a test says so."""

from datetime import datetime, timedelta

import anyio.lowlevel


class ManualClock:
    """A clock (`evergrant.model.clock.Clock`) that stands still; `sleep` moves it on at once."""

    def __init__(self, now: datetime) -> None:
        self._start = now
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        # Other tasks get their turn, as they would during a real wait.
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now += timedelta(seconds=seconds)
