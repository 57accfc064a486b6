"""Processes that kill themselves in the middle of a refresh."""

import asyncio
import os
import signal
from datetime import datetime
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

from tests.fakes.practice import surroundings
from tests.fakes.worker import From

from evergrant.app import open_app
from evergrant.model.account import GrantKey
from evergrant.model.clock import SystemClock
from evergrant.model.outcome import Refused
from evergrant.settings import LOCAL_TENANT, Settings


def kill_at(server: ForkServerContext, settings: Settings, account_id: str, now: datetime, point: str) -> int | None:
    """Let a process renew the account and kill itself at the fail point; its exit code, -9 if it got there."""
    victim: BaseProcess = server.Process(target=renew, args=(settings, account_id, now, point))
    victim.start()
    victim.join(60)
    return victim.exitcode


def renew(settings: Settings, account_id: str, now: datetime, point: str) -> None:
    """What a victim does; it ends with 0 where the fail point is never reached."""

    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async def work() -> None:
        async with open_app(settings, surroundings(From(now, SystemClock()), die)) as app:
            try:
                await app.tokens.grant(GrantKey(LOCAL_TENANT, account_id))
            except Refused:
                return
            die("returned")

    asyncio.run(work())
