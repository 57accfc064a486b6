"""A second process on the same vault: calls one account many times at once and says what came of it."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.fakes.forks import forks
from tests.fakes.practice import surroundings
from typing_extensions import override

from evergrant.app import open_app
from evergrant.model.account import AccountKey
from evergrant.model.clock import SystemClock
from evergrant.settings import LOCAL_TENANT, Settings


@dataclass(frozen=True)
class Worker:
    """The process, and where it says what its calls came to."""

    process: BaseProcess
    said: Connection


def start(home: Path, account_id: str, now: datetime, calls: int, failpoint: str = "") -> Worker:
    """Start the process; its clock starts at `now`, and at the fail point it kills itself."""
    server = forks()
    said, saying = server.Pipe(duplex=False)
    process = server.Process(target=_tell, args=(saying, home, account_id, now, calls), kwargs={"failpoint": failpoint})
    process.start()
    saying.close()
    return Worker(process, said)


def end(worker: Worker) -> int | None:
    """Its return code; -9 where it killed itself, None where it has not ended after a minute."""
    worker.process.join(60)
    return worker.process.exitcode


def outcomes(worker: Worker) -> Mapping[str, int]:
    """What its calls came to, once it has ended."""
    assert end(worker) == 0
    counted: Counter[str] = worker.said.recv()
    return counted


class From(SystemClock):
    """The machine's clock, set to another time: what two processes wait for from each other takes real time."""

    def __init__(self, start: datetime, real: SystemClock) -> None:
        self._offset = start - real.now()

    @override
    def now(self) -> datetime:
        return super().now() + self._offset


async def _work(home: Path, account_id: str, now: datetime, calls: int, failpoint: str) -> Counter[str]:
    def die_at(name: str) -> None:
        if name == failpoint:
            os.kill(os.getpid(), signal.SIGKILL)

    key = AccountKey(LOCAL_TENANT, account_id)
    settings = Settings(home=home, key_source="file")
    async with open_app(settings, surroundings(From(now, SystemClock()), die_at)) as app:
        found = await asyncio.gather(
            *(app.executor.execute_tool(key, "sandbox_search_contacts", {}) for _ in range(calls))
        )
    return Counter(getattr(outcome, "code", "result") for outcome in found)


def _tell(saying: Connection, home: Path, account_id: str, now: datetime, calls: int, *, failpoint: str) -> None:
    saying.send(asyncio.run(_work(home, account_id, now, calls, failpoint)))
