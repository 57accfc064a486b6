"""One of the processes on the vault: makes calls and ticks the schedule until its time is over, or it is killed."""

import asyncio
import os
import random
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import httpx2
from tests.soak.plan import EXCHANGE_DEADLINE_S, POLICIES
from tests.soak.provider import WORKER, digest
from tests.soak.record import Called, GaveUp, Journal
from typing_extensions import override

from evergrant.app import App, open_app
from evergrant.model.account import AccountKey
from evergrant.model.clock import Clock, SystemClock
from evergrant.model.failpoint import nothing
from evergrant.model.outcome import Failure
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import Surroundings

CALLERS = 3
LONGEST_REST_S = 0.3
TICK_S = 0.3


@dataclass(frozen=True, slots=True)
class Vault:
    """Where a soak's vault and its connectors lie."""

    home: Path
    connectors: Path


@dataclass(frozen=True, slots=True)
class Account:
    """An account to call, and its policy's name."""

    id: str
    policy: str

    @property
    def key(self) -> AccountKey:
        return AccountKey(LOCAL_TENANT, self.id)


@dataclass(frozen=True, slots=True)
class Shift:
    """What one worker is to do."""

    worker: str
    vault: Vault
    accounts: tuple[Account, ...]
    until: float
    """On the monotonic clock."""
    journal: Path
    seed: int
    parent: int

    def goes_on(self, clock: Clock) -> bool:
        """Until its end, or until whoever started it is gone."""
        return clock.monotonic() < self.until and os.getppid() == self.parent


def work(shift: Shift) -> None:
    """Work the shift to its end."""
    asyncio.run(_work(shift))


async def call(app: App, account: Account, worker: str) -> Called:
    """Make one call and say what it came to."""
    outcome = await app.executor.execute_tool(account.key, POLICIES[account.policy].tool, {})
    if isinstance(outcome, Failure):
        return Called(worker, account.policy, outcome.code, outcome.as_text())
    return Called(worker, account.policy, "result")


@asynccontextmanager
async def opened(vault: Vault, worker: str, clock: Clock) -> AsyncGenerator[App, None]:
    """The app on the soak's vault, on the machine's clock and the loopback network."""
    settings = Settings(home=vault.home, key_source="file", connector_path=(vault.connectors,))
    world = Surroundings(
        clock,
        random.SystemRandom(),
        Signed(worker, Journal(vault.home.parent / "gave_up"), clock),
        lambda: None,
        nothing,
        EXCHANGE_DEADLINE_S,
    )
    async with open_app(settings, world) as app:
        yield app


class Signed(httpx2.AsyncBaseTransport):
    """The network, with the name of the process in each request; no connection is used twice.

    Where nobody waits for an answer any more, that is written down: a starved process may not hear what was sent.
    """

    def __init__(self, worker: str, gave_up: Journal, clock: Clock) -> None:
        self._worker = worker
        self._gave_up = gave_up
        self._clock = clock
        # An empty trust store: loading the system's would take longer than the rest of a worker's start.
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._network = httpx2.AsyncHTTPTransport(verify=plain, limits=httpx2.Limits(max_keepalive_connections=0))

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers[WORKER] = self._worker
        try:
            response = await self._network.handle_async_request(request)
            content = await response.aread()
        except BaseException:
            self._note(request)
            raise
        # Read already, so it is handed on as it came.
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
        return httpx2.Response(response.status_code, headers=headers, content=content)

    def _note(self, request: httpx2.Request) -> None:
        token = parse_qs(request.content.decode()).get("refresh_token")
        if token:
            self._gave_up.write(GaveUp(self._worker, digest(token[0]), self._clock.monotonic()))

    @override
    async def aclose(self) -> None:
        await self._network.aclose()


async def _work(shift: Shift) -> None:
    clock, journal = SystemClock(), Journal(shift.journal)
    async with opened(shift.vault, shift.worker, clock) as app, asyncio.TaskGroup() as tasks:
        tasks.create_task(_tick(app, shift, clock))
        for caller in range(CALLERS):
            tasks.create_task(_call(app, shift, clock, journal, random.Random(f"{shift.seed} {caller}")))


async def _call(app: App, shift: Shift, clock: Clock, journal: Journal, chance: random.Random) -> None:
    while shift.goes_on(clock):
        journal.write(await call(app, chance.choice(shift.accounts), shift.worker))
        await clock.sleep(chance.uniform(0, LONGEST_REST_S))


async def _tick(app: App, shift: Shift, clock: Clock) -> None:
    while shift.goes_on(clock):
        await app.schedule.tick()
        await clock.sleep(TICK_S)
