"""A server process that is killed in the middle of a refresh; the demo starts it as `python -m`."""

import asyncio
import os
import random
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx2

from evergrant.app import open_app
from evergrant.demo.clock import VirtualClock
from evergrant.model.account import AccountKey, GrantKey
from evergrant.settings import Settings
from evergrant.surroundings import Surroundings

DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Errand:
    """What the process is to do before it dies: refresh this account's grant, at this moment of the virtual day."""

    home: Path
    connectors: Path
    now: datetime
    key: AccountKey
    failpoint: str
    """Where it dies: one of the names that `evergrant.model.failpoint` is called with."""

    def arguments(self) -> list[str]:
        """The errand as command line arguments."""
        return [str(self.home), str(self.connectors), self.now.isoformat(), *self.key, self.failpoint]


async def killed(errand: Errand) -> bool:
    """Run the errand in a process of its own; whether SIGKILL ended it. The process is gone when this returns."""
    command = (sys.executable, "-m", "evergrant.demo.victim", *errand.arguments())
    # In a session of its own, Ctrl-C at the terminal reaches only the demo, which then ends it.
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True)
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await process.wait() == -signal.SIGKILL
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(errand: Errand) -> None:
    """Refresh, and die at the errand's failpoint; returns only where that point was never reached."""

    def die(point: str) -> None:
        if point == errand.failpoint:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = Settings(home=errand.home, key_source="file", connector_path=(errand.connectors,))
    clock, transport = VirtualClock(errand.now), httpx2.AsyncHTTPTransport()
    world = Surroundings(clock, random.SystemRandom(), transport, lambda: None, die)
    async with open_app(settings, world) as app:
        await app.tokens.renew(GrantKey(*errand.key))


def main(arguments: list[str]) -> None:
    """Run the errand that the arguments spell."""
    home, connectors, now, tenant_id, account_id, failpoint = arguments
    key = AccountKey(tenant_id, account_id)
    asyncio.run(run(Errand(Path(home), Path(connectors), datetime.fromisoformat(now), key, failpoint)))


if __name__ == "__main__":
    main(sys.argv[1:])
