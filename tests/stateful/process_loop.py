"""An event loop that runs in turns: when it has nothing left to do it hands the turn back instead of waiting."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

from typing_extensions import override

T = TypeVar("T")
Given = TypeVarTuple("Given")


class ProcessLoop(asyncio.SelectorEventLoop):
    """The loop of one process; its time is everybody's, and its threads' work is done in its turn too."""

    def __init__(self, now: Callable[[], float], idle: Callable[[float | None], None]) -> None:
        """`idle` is called with the seconds until the next timer, None where there is none."""
        self._now = now
        super().__init__(_Selector(idle))
        # A killed process leaves tasks that never end; that is no mistake here.
        self.set_exception_handler(lambda _loop, _context: None)

    @override
    def time(self) -> float:
        return self._now()

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Given], T], *args: *Given
    ) -> asyncio.Future[T]:
        """Not on a thread: two threads at work would make an order that nobody chose."""
        future: asyncio.Future[T] = self.create_future()
        self.call_soon(self._work, future, lambda: func(*args))
        return future

    def _work(self, future: asyncio.Future[T], work: Callable[[], T]) -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits, as from any executor
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)


class _Selector(selectors.DefaultSelector):
    """Hands the turn back where the loop would wait."""

    def __init__(self, idle: Callable[[float | None], None]) -> None:
        super().__init__()
        self._idle = idle

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._idle(timeout)
        return super().select(0)
