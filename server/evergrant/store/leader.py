"""Who leads among the processes of one vault: whoever holds a lock that the kernel gives on when its holder dies.

Correctness never depends on there being one leader (`docs/explanation/refresh.md`); it spares the others the work. A
leader that is paused keeps the lock, since a process that is paused is not dead.
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Leader:
    """One process's standing; `elected` is set when it comes to lead, and stays set to the campaign's end."""

    elected: asyncio.Event


class Leadership:
    """Leadership by one lock file, which stays: removing a locked file would let two processes lead."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @asynccontextmanager
    async def campaign(self) -> AsyncGenerator[Leader, None]:
        """Stand for leadership for the block and give it up at its end; raises OSError where there can be no file."""
        candidate = _Candidate(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        candidate.stand()
        try:
            yield candidate.leader
        finally:
            candidate.withdraw()


class _Candidate:
    """Waits for the lock on a thread of its own: in the kernel, so that a death is known at once and waiting is free.

    The thread is a daemon, for nothing but the lock can wake it; a lock that it gets after the withdrawal it gives
    back.
    """

    def __init__(self, descriptor: int) -> None:
        self.leader = Leader(asyncio.Event())
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._turn = threading.Lock()
        self._holds = self._withdrawn = False

    def stand(self) -> None:
        """Begin to wait."""
        threading.Thread(target=self._wait, name="evergrant-leadership", daemon=True).start()

    def withdraw(self) -> None:
        """Lead no more, now or later."""
        with self._turn:
            self._withdrawn = True
            if self._holds:
                os.close(self._descriptor)

    def _wait(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._turn:
            self._holds = True
            if self._withdrawn:
                os.close(self._descriptor)
                return
            with suppress(RuntimeError):  # the loop is closed, and with it all that there was to lead
                self._loop.call_soon_threadsafe(self.leader.elected.set)
