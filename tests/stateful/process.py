"""A process of the engine: a thread with an event loop of its own, which runs only when it is given the turn.

So a process can be stopped in the middle of anything, as SIGSTOP does, and killed there, as SIGKILL does; and since
only one runs at a time, every order of steps is one that the test has chosen.
"""

import asyncio
import math
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Semaphore, Thread
from typing import Final, Literal, NamedTuple, TypeVar

from sqlalchemy.exc import OperationalError
from tests.stateful.process_loop import ProcessLoop

T = TypeVar("T")
LONGEST_TURN_S: Final = 120.0
"""Real seconds; a turn that takes longer hangs."""

Kind = Literal["pause", "kill", "disk full"]


class Fate(NamedTuple):
    """What befalls a process when it next reaches a fail point."""

    kind: Kind
    point: str


class Killed(SystemExit):
    """Raised where a process dies: it ends the event loop at once, so that nothing else of it runs."""


class Process:
    """One process; everything public is for the one who hands out turns, but `reached`."""

    def __init__(self, now: Callable[[], float], witness: Callable[[str, Fate | None], None]) -> None:
        """`witness` is told every fail point that is reached, and the fate that comes true there."""
        self.fate: Fate | None = None
        self.alive = True
        self.stopped = False
        self._now, self._witness = now, witness
        self._orders: deque[Callable[[], object]] = deque()
        self._wake_at = -math.inf
        self._doomed = False
        self._error: BaseException | None = None
        self._turn, self._back = Semaphore(0), Semaphore(0)
        self._loop = ProcessLoop(now, self._idle)
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether it would do something if it had the turn."""
        return self.alive and not self.stopped and (bool(self._orders) or self._wake_at <= self._now())

    @property
    def wakes_at(self) -> float:
        """When its next timer is due; infinite where none is or it is stopped."""
        return self._wake_at if self.alive and not self.stopped else math.inf

    def order(self, what: Callable[[], object]) -> None:
        """Have something done in it, when it has nothing else to do."""
        self._orders.append(what)

    def begin(self, work: Coroutine[None, None, T]) -> "asyncio.Task[T]":
        """Begin a task in it, for when it has the turn."""
        self._wake_at = -math.inf
        return self._loop.create_task(work)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Its event loop, for who makes something of it in another's turn."""
        return self._loop

    def run(self) -> None:
        """Give it the turn until it has nothing left to do, is stopped, or is dead."""
        self._turn.release()
        assert self._back.acquire(timeout=LONGEST_TURN_S), "a process does not give its turn back"
        if self._error is not None:
            raise self._error

    def resume(self) -> None:
        """Let it go on from where it was stopped."""
        self.stopped, self._wake_at = False, -math.inf

    def kill(self) -> None:
        """End it where it is; its descriptors are closed, so that the kernel frees its locks."""
        if self.alive:
            self._doomed = True
            self.run()

    def reached(self, point: str) -> None:
        """The fail point of its engine."""
        fate = self.fate if self.fate is not None and self.fate.point == point else None
        self._witness(point, fate)
        if fate is None:
            return
        self.fate = None
        match fate.kind:
            case "kill":
                raise Killed
            case "pause":
                self.stopped = True
                self._hand_back()
            case "disk full":
                raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))

    def _live(self) -> None:
        self._turn.acquire()
        try:
            if not self._doomed:
                self._loop.run_forever()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - the one who gave the turn raises it
            self._error = error
        finally:
            self._fall()
            self._back.release()

    def _fall(self) -> None:
        """Unwind what was suspended, which closes its descriptors; the loop runs no more, so nothing else happens."""
        self.alive = False
        for task in asyncio.all_tasks(self._loop):
            with suppress(RuntimeError):  # it would wait for something in its clean-up; nobody waits for the dead
                task.get_coro().close()
        self._loop.close()

    def _idle(self, wait_s: float | None) -> None:
        if not self._orders:
            self._wake_at = math.inf if wait_s is None else self._now() + wait_s
            self._hand_back()
        while self._orders:
            self._orders.popleft()()

    def _hand_back(self) -> None:
        self._back.release()
        self._turn.acquire()
        if self._doomed:
            raise Killed
