"""Other processes that resume a kept call, forked from a server that has everything imported."""

import asyncio
import os
import signal
from datetime import datetime
from multiprocessing.connection import Connection

from tests.fakes.forks import forks
from tests.fakes.practice import surroundings
from tests.fakes.worker import From

from evergrant.app import open_app
from evergrant.model.clock import SystemClock
from evergrant.model.outcome import Outcome
from evergrant.model.outcome_text import from_text, to_text
from evergrant.settings import LOCAL_TENANT, Settings

PATIENCE_S = 60


class Resuming:
    """One process that resumes the call; at the fail point it kills itself."""

    def __init__(self, settings: Settings, call_id: str, now: datetime, point: str = "") -> None:
        server = forks()
        self._ends, theirs = server.Pipe(duplex=False)
        self._process = server.Process(target=_resume, args=(settings, call_id, now, point, theirs))
        self._process.start()
        theirs.close()

    def outcome(self) -> Outcome:
        """What it came to."""
        assert self._ends.poll(PATIENCE_S)
        return from_text(self._ends.recv())

    def exit_code(self) -> int | None:
        """-9 where it was killed."""
        self._process.join(PATIENCE_S)
        return self._process.exitcode

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join(PATIENCE_S)


def _resume(settings: Settings, call_id: str, now: datetime, point: str, told: Connection) -> None:
    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async def work() -> Outcome:
        async with open_app(settings, surroundings(From(now, SystemClock()), die)) as app:
            return await app.held_calls.resume(LOCAL_TENANT, call_id)

    told.send(to_text(asyncio.run(work())))
