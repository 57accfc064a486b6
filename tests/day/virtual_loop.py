"""An event loop whose time passes only when nothing is left to do, so that a day of waiting costs no time.

Every timer runs on it, asyncio's own deadlines too, and in the right order. Nothing may wait for a real socket.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

from typing_extensions import override

T = TypeVar("T")
Given = TypeVarTuple("Given")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while there is work, also that of its threads, and then jumps to the next timer."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._working = 0
        super().__init__(_Selector(self._idle))

    @override
    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._elapsed

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Given], T], *args: *Given
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._working += 1
        future.add_done_callback(self._worked)
        return future

    def _worked(self, _future: asyncio.Future[T]) -> None:
        self._working -= 1

    def _idle(self, seconds: float) -> float | None:
        if self._working:
            return None  # a thread will wake the loop; until then no time passes
        self._elapsed += seconds
        return 0.0


class _Selector(selectors.DefaultSelector):
    """Asks, instead of waiting, how long to wait really (None: until something happens)."""

    def __init__(self, idle: Callable[[float], float | None]) -> None:
        super().__init__()
        self._idle = idle

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        waits = timeout is not None and timeout > 0
        return super().select(self._idle(timeout) if timeout is not None and waits else timeout)


def run(main: Coroutine[object, object, T]) -> T:
    """What `main` returns, run on a virtual loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
