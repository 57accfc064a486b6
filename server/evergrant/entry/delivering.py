"""Keeps events going out: at once where this process writes one, and every two seconds for what others wrote."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from structlog.typing import FilteringBoundLogger

from evergrant.entry.mcp.wall import Wall
from evergrant.model.clock import Clock
from evergrant.store.database import Database, StoreUnavailable

LOOK_EVERY_S = 2.0
"""At the database, where nothing is told; what a look costs does not grow with what was delivered."""

Work = Callable[[], Awaitable[object]]


@asynccontextmanager
async def delivering(
    work: Work, database: Database, clock: Clock, log: FilteringBoundLogger
) -> AsyncGenerator[None, None]:
    """Run `work` again and again for the block; a run that takes long does not put off the next.

    So `work` is what may run several times at once. A run that fails, however unforeseen, is logged and followed by
    the next; the same trouble of the store is logged once until it is over.
    """
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    with database.listening(lambda: loop.call_soon_threadsafe(news.set)):
        task = asyncio.create_task(_keep_running(_walled(work, log), news, clock))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


def _walled(work: Work, log: FilteringBoundLogger) -> Callable[[], Awaitable[None]]:
    told: list[str] = []

    async def run() -> None:
        with Wall(log, "delivery", with_text=True):
            try:
                await work()
                told.clear()
            except StoreUnavailable as error:
                if str(error) not in told:
                    told.append(str(error))
                    log.warning("events wait: they cannot be read", error=str(error))

    return run


async def _keep_running(run: Callable[[], Awaitable[None]], news: asyncio.Event, clock: Clock) -> None:
    async with asyncio.TaskGroup() as tasks:
        while True:
            news.clear()
            tasks.create_task(_awaited(run))
            await _either(tasks, news, clock)


async def _awaited(run: Callable[[], Awaitable[None]]) -> None:
    await run()


async def _either(tasks: asyncio.TaskGroup, news: asyncio.Event, clock: Clock) -> None:
    """Until there is news, or it is time to look anyway."""
    waits = [tasks.create_task(_until(news)), tasks.create_task(clock.sleep(LOOK_EVERY_S))]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _until(news: asyncio.Event) -> None:
    await news.wait()
