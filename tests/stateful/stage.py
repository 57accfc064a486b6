"""The virtual scheduler: one time for all, one turn at a time, in an order that the test chooses."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from tests.stateful.process import Process

from evergrant.model.clock import SystemClock

START: Final = datetime(2026, 5, 25, tzinfo=UTC)
MOST_TURNS: Final = 10_000
"""At one moment; more go round in a circle."""


class Stage:
    """Time, the processes, and what happens outside of them."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds since START."""
        self.processes: list[Process] = []
        self.first = 0
        """Which process goes first where several could."""
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen outside of all processes."""
        heapq.heappush(self._coming, (self.now + seconds, next(self._number), what))

    def play(self) -> None:
        """Everything that happens now, until nobody has anything left to do at this moment."""
        for _ in range(MOST_TURNS):
            if self._coming and self._coming[0][0] <= self.now:
                heapq.heappop(self._coming)[2]()
            elif (process := self._next()) is not None:
                process.run()
            else:
                return
        raise AssertionError("time does not get on")

    def pass_time(self, seconds: float) -> None:
        """Everything that happens within so many seconds."""
        end = self.now + seconds
        self.play()
        while (moment := self._next_moment()) <= end:
            self.now = max(self.now, moment)
            self.play()
        self.now = end
        self.play()

    def _next(self) -> Process | None:
        self.processes = [process for process in self.processes if process.alive]
        if not self.processes:
            return None
        first = self.first % len(self.processes)
        order = (*self.processes[first:], *self.processes[:first])
        return next((process for process in order if process.ready), None)

    def _next_moment(self) -> float:
        coming = [self._coming[0][0]] if self._coming else []
        return min([*coming, *(process.wakes_at for process in self.processes)], default=float("inf"))


class StageClock:
    """A clock (`evergrant.model.clock.Clock`) that goes with the stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def now(self) -> datetime:
        return START + timedelta(seconds=self._stage.now)

    def monotonic(self) -> float:
        return self._stage.now

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds)
