"""A day that passes as fast as the work in it gets done."""

from datetime import datetime, timedelta

from evergrant.model.clock import SystemClock

PAUSE_S = 0.001
"""What a wait costs in real time: without it, a wait for another's work would run the day away before that is done."""


class VirtualClock:
    """A clock (`evergrant.model.clock.Clock`) that stands still unless it is moved on; `sleep` moves it on at once."""

    def __init__(self, now: datetime) -> None:
        self._start = now
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.advance_to(self._now + timedelta(seconds=seconds))
        await SystemClock().sleep(PAUSE_S)

    def advance_to(self, moment: datetime) -> None:
        """Let time pass until `moment`; it never goes back."""
        self._now = max(self._now, moment)
