"""Something async for those who cannot await: it lives on an event loop in a thread of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractAsyncContextManager
from threading import Lock, Thread
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Hosted(Generic[T]):
    """Opened when it is made, in one task that also closes it; raises what the opening raises.

    Any thread may `run` and `close`, also one whose own event loop is running: it waits. A thread that is never closed
    does not keep the process from ending.
    """

    value: T

    def __init__(self, made: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._lock = Lock()
        self._closed = False
        self._over = asyncio.Event()
        self._running: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="evergrant", daemon=True)
        self._thread.start()
        opened: Future[T] = Future()
        self._life = asyncio.run_coroutine_threadsafe(self._live(made, opened), self._loop)
        wait(list[Future[Any]]([opened, self._life]), return_when=FIRST_COMPLETED)
        if not opened.done():
            self.close()
        self.value = opened.result()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """What `work` returns or raises, on the loop; it is cancelled where the wait for it is broken off.

        Raises RuntimeError once this is closed, and concurrent.futures.CancelledError where it is closed meanwhile.
        """
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("This client is closed.")
            future = asyncio.run_coroutine_threadsafe(self._known(work), self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def close(self) -> None:
        """Cancel what runs, close the value and end the thread; raises what the closing raises. Twice is once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._loop.call_soon_threadsafe(self._over.set)
        try:
            self._life.result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _live(self, made: Callable[[], AbstractAsyncContextManager[T]], opened: Future[T]) -> None:
        async with made() as value:
            opened.set_result(value)
            await self._over.wait()
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _known(self, work: Coroutine[Any, Any, R]) -> R:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a coroutine runs in a task")
        self._running.add(task)
        try:
            return await work
        finally:
            self._running.discard(task)
