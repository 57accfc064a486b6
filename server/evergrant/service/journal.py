"""The way of the audit's lines to the disk: noted in memory, and written many at a time, so that no call waits for it.

A process that is killed loses what it noted within the last half second. One that ends writes all of it.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field

from evergrant.model.audit import AuditRecord
from evergrant.store.database import StoreUnavailable
from evergrant.vault.audit import AuditLog

SOON_S = 0.5
RETRY_S = 5.0
BATCH = 200
"""Lines to a transaction; as soon as so many are there, they are written."""
FULL = 2_000
"""From so many on that wait, a call waits for the disk."""
MOST = 4_000
"""So many are kept while the disk takes none; then the oldest go, and that is told."""


@dataclass(slots=True)
class Journal:
    """Lines on their way. At idle nothing runs."""

    log: AuditLog
    lost: int = 0
    """Lines that were given up."""
    failures: int = 0
    """Writes that failed; all but the given-up lines were written later."""
    _lines: deque[AuditRecord] = field(default_factory=deque[AuditRecord])
    _timer: asyncio.TimerHandle | None = None
    _writing: asyncio.Task[None] | None = None
    _failing: bool = False

    def __len__(self) -> int:
        """How many lines wait to be written."""
        return len(self._lines)

    def add(self, line: AuditRecord) -> None:
        """Note a line; it is on disk within about half a second."""
        self._lines.append(line)
        if len(self._lines) > MOST:
            self._give_up(len(self._lines) - MOST)
        if len(self._lines) >= BATCH and not self._failing:
            self._begin()
        elif self._timer is None and self._writing is None:
            self._begin_in(SOON_S)

    async def room(self) -> None:
        """Return when there is room for more lines, at once as a rule; a disk that takes none is not waited for."""
        while len(self._lines) >= FULL and self._writing and not self._failing:
            await asyncio.wait([self._writing])

    async def drain(self) -> None:
        """Write what is there; what the disk does not take now is given up."""
        if self._writing:
            await asyncio.wait([self._writing])
        if self._lines:
            self._begin()
        if self._writing:
            await asyncio.wait([self._writing])
        self._stop_timer()
        if self._lines:
            self._give_up(len(self._lines))

    def _begin_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._stop_timer()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
            self._writing.add_done_callback(self._written)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    async def _write(self) -> None:
        """What is noted meanwhile waits for its turn, but for whole batches: each commit holds up those who read."""
        due = len(self._lines)
        while due > 0 or len(self._lines) >= BATCH:
            batch = [self._lines.popleft() for _ in range(min(BATCH, len(self._lines)))]
            try:
                await self.log.add(batch)
            except StoreUnavailable as error:
                self._lines.extendleft(reversed(batch))
                self._failed(error)
                return
            self._failing = False
            due -= len(batch)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing = None
        if self._lines and self._timer is None:
            self._begin_in(RETRY_S if self._failing else SOON_S)
        if not task.cancelled():
            task.result()  # nothing is raised but a fault of the program, which the loop's handler logs

    def _failed(self, error: StoreUnavailable) -> None:
        self.failures += 1
        if not self._failing:
            _logger().warning("the audit cannot be written now, and is kept for later: %s", error)
        self._failing = True

    def _give_up(self, number: int) -> None:
        for _ in range(number):
            self._lines.popleft()
        self.lost += number
        _logger().error("%d lines of the audit were lost: the disk did not take them", number)


def _logger() -> logging.Logger:
    """The library's own way to the one log of this process."""
    return logging.getLogger("evergrant.audit")
