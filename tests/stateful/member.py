"""An engine in a process: the app that it has opened, and what it was asked to do."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from typing import TypeAlias

import httpx2
from tests.stateful.looking import abandon, call
from tests.stateful.process import Fate, Killed, Process
from tests.stateful.stage import Stage, StageClock
from tests.stateful.template import ORIGIN
from tests.stateful.wire import Wire

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import Outcome
from evergrant.oauth.flow import parse_redirect
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import Surroundings

Witness: TypeAlias = Callable[[str, Fate | None], None]


class Member:
    """One of the processes of a vault."""

    def __init__(self, stage: Stage, wire: Wire, settings: Settings, witness: Witness, seed: int) -> None:
        self.process = Process(lambda: stage.now, witness)
        self._transport = wire.of(self.process)
        world = Surroundings(
            StageClock(stage), random.Random(seed), self._transport, lambda: None, self.process.reached
        )
        self._context: AbstractAsyncContextManager[App] = open_app(settings, world)
        self._tasks: list[asyncio.Task[None]] = []
        opening = self.process.begin(self._context.__aenter__())
        stage.processes.append(self.process)
        stage.play()
        self._app = opening.result()

    def call(self, account: ConnectedAccount, tell: Callable[[Outcome], None]) -> "asyncio.Task[None]":
        """Begin a call; `tell` is told what came of it, unless it is cancelled."""

        async def work() -> None:
            tell(await call(self._app, account))

        return self._begin(work())

    def tick(self) -> None:
        """Begin a tick of the schedule."""

        async def work() -> None:
            await self._app.schedule.tick()

        self._begin(work())

    def consent(self, account: ConnectedAccount | None, connector: str, user: str) -> None:
        """Let the person consent; it may come to nothing, as where the process was stopped for too long."""

        async def work() -> None:
            begun = await self._begin_consent(account, connector)
            visit = httpx2.Request("GET", f"{begun}&auto=approve&user={user}")
            page = await self._transport.handle_async_request(visit)
            with suppress(ConsentFailed):
                await self._app.consent.finish(parse_redirect(page.headers["Location"]))

        self._begin(work())

    async def _begin_consent(self, account: ConnectedAccount | None, connector: str) -> str:
        if account is not None:
            return (await self._app.connect.begin_reauth(account)).url
        return (await self._app.connect.begin(LOCAL_TENANT, connector, "acme", {"origin": ORIGIN})).url

    def _begin(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = self.process.begin(work)
        self._tasks.append(task)
        return task

    def raise_errors(self) -> None:
        """Raises what a task has raised: a fault of the program."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        self._tasks = [task for task in self._tasks if not task.done()]
        for task in ended:
            if not isinstance(task.exception(), Killed):
                task.result()

    def bury(self) -> None:
        """Close what a dead process had open."""
        abandon(self._app)

    def close(self) -> None:
        """End the process as a server ends, then what is left of it."""
        self.process.kill()
        self.bury()
