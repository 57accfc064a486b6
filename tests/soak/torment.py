"""Processes by fork, and the one who kills and stops them.

Forking keeps a new worker cheap: what it imports is there already. Whoever forks has no thread and no event loop.
"""

import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

from tests.soak.plan import PAUSE_S
from tests.soak.record import Torment

from evergrant.model.clock import Clock

BETWEEN_KILLS_S = 0.3
BETWEEN_PAUSES_S = 0.8
MOST_PAUSED = 2
"""At once: a vault whose every process is stopped is not under load."""
LONGEST_END_S = 60.0
"""A worker may still wait for a lost answer to settle, and then do what it waited for."""
_FORK = multiprocessing.get_context("fork")

Start = Callable[[str], ForkProcess]


@dataclass
class Nursery:
    """Every process that was started, and how it ended."""

    started: list[ForkProcess] = field(default_factory=list[ForkProcess])

    def start(self, name: str, target: Callable[..., None], *arguments: object) -> ForkProcess:
        process = _FORK.Process(target=target, args=arguments, name=name)
        process.start()
        self.started.append(process)
        return process

    def run(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        """Start, and wait for the end; raises RuntimeError where that was not a good one."""
        process = self.start(name, target, *arguments)
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"{name} ended with {process.exitcode}")

    def end(self) -> None:
        """Kill and reap whatever still runs."""
        for process in self.started:
            if process.is_alive():
                process.kill()
            process.join()


def orphans() -> bool:
    """Whether this process has a child left, ended or not."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


@dataclass
class Tormentor:
    """Kills and stops workers at random, and starts a new one for each that is gone."""

    clock: Clock
    chance: random.Random
    start: Start
    done: list[Torment] = field(default_factory=list[Torment])
    fallen: list[str] = field(default_factory=list[str])
    """Workers that ended by themselves before their time, or not well."""
    _working: dict[str, ForkProcess] = field(default_factory=dict[str, ForkProcess])
    _stopped: dict[str, float] = field(default_factory=dict[str, float])
    _count: int = 0

    def torment(self, processes: int, until: float) -> None:
        """Keep so many workers at work until then, then let them come to their end."""
        for _ in range(processes):
            self._begin()
        kill_at, pause_at = self._after(BETWEEN_KILLS_S), self._after(BETWEEN_PAUSES_S)
        while self.clock.monotonic() < until:
            now = self.clock.monotonic()
            if now >= kill_at:
                self._kill(self.chance.choice(list(self._working)))
                kill_at = self._after(BETWEEN_KILLS_S)
            if now >= pause_at:
                self._pause()
                pause_at = self._after(BETWEEN_PAUSES_S)
            self._resume(now - PAUSE_S)
            self._rest(min(kill_at, pause_at, until, *(began + PAUSE_S for began in self._stopped.values())))
        self._resume(until)
        self._finish()

    def _begin(self) -> None:
        self._count += 1
        name = f"worker-{self._count}"
        self._working[name] = self.start(name)

    def _after(self, mean: float) -> float:
        return self.clock.monotonic() + mean * self.chance.uniform(0.5, 1.5)

    def _kill(self, name: str) -> None:
        process, now = self._working.pop(name), self.clock.monotonic()
        process.kill()
        process.join()
        self.done.append(Torment(name, "kill", now, now))
        self._note_pause(name, now)
        if process.exitcode != -signal.SIGKILL:
            self.fallen.append(f"{name} ended with {process.exitcode}")
        self._begin()

    def _pause(self) -> None:
        able = [name for name in self._working if name not in self._stopped]
        if len(self._stopped) < MOST_PAUSED:
            name = self.chance.choice(able)
            self._signal(name, signal.SIGSTOP)
            self._stopped[name] = self.clock.monotonic()

    def _resume(self, stopped_before: float) -> None:
        for name in [name for name, began in self._stopped.items() if began <= stopped_before]:
            # Written down first: what it does from now on may be the pause's fault.
            self._note_pause(name, self.clock.monotonic())
            self._signal(name, signal.SIGCONT)

    def _note_pause(self, name: str, now: float) -> None:
        if name in self._stopped:
            self.done.append(Torment(name, "pause", self._stopped.pop(name), now))

    def _signal(self, name: str, number: signal.Signals) -> None:
        pid = self._working[name].pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _rest(self, until: float) -> None:
        """Wait until then, or until a worker falls; a fallen one is written down and replaced."""
        by_sentinel = {process.sentinel: name for name, process in self._working.items()}
        for sentinel in wait(list(by_sentinel), timeout=max(until - self.clock.monotonic(), 0)):
            if isinstance(sentinel, int) and self.clock.monotonic() < until:
                self._fell(by_sentinel[sentinel])
                self._begin()

    def _finish(self) -> None:
        end = self.clock.monotonic() + LONGEST_END_S
        for name, process in list(self._working.items()):
            process.join(timeout=max(end - self.clock.monotonic(), 0))
            if process.exitcode != 0:
                self._fell(name)

    def _fell(self, name: str) -> None:
        process = self._working.pop(name)
        process.join(timeout=0)
        ended = "did not end" if process.is_alive() else f"ended with {process.exitcode}"
        self._note_pause(name, self.clock.monotonic())
        self.fallen.append(f"{name} {ended}")
