"""The demo's day: the job renews what is due, the agent works every five minutes, and now and then something breaks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from evergrant.demo.facts import Crash, Revocation, Storm
from evergrant.demo.scenes import Revoked, crash, restore, revoke, sleep
from evergrant.demo.services import Service
from evergrant.demo.stage import Stage

BEAT = timedelta(minutes=5)
SHORTEST_WAIT = timedelta(seconds=1)
"""The job does not tick more often than this, as in the server."""
NO_TIME = timedelta(0)
AWAY = timedelta(hours=1)
"""How long the person takes to reconnect."""

Progress = Callable[[float], None]
"""Called with the virtual hours that have passed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When things break, as shares of the day; the crash and the revocation each strike one service."""

    hours: int
    crashed: Service
    revoked: Service

    @property
    def length(self) -> timedelta:
        return timedelta(hours=self.hours)

    @property
    def crash_at(self) -> timedelta:
        return _on_the_beat(self.length * 0.1)

    @property
    def sleep_at(self) -> timedelta:
        return _on_the_beat(self.length * 0.25)

    @property
    def revoke_at(self) -> timedelta:
        return _on_the_beat(self.length * 0.8)

    @property
    def restore_at(self) -> timedelta:
        return self.revoke_at + AWAY


@dataclass(slots=True)
class Happened:
    """What the scenes came to; None for one that was not played."""

    storms: list[Storm] = field(default_factory=list[Storm])
    crash: Crash | None = None
    revocation: Revocation | None = None


class Day:
    """Plays one day on a stage."""

    def __init__(self, stage: Stage, plan: Plan, progress: Progress) -> None:
        self._stage = stage
        self._plan = plan
        self._progress = progress
        self._start = stage.clock.now()
        self._revoked: Revoked | None = None
        self.happened = Happened()

    async def run(self) -> Happened:
        """Play the day to its end."""
        passed = BEAT
        while passed <= self._plan.length:
            await self._job_until(self._start + passed)
            await self._agent_works(passed)
            await self._scene(passed)
            self._progress(passed / timedelta(hours=1))
            passed = _on_the_beat(self._stage.clock.now() - self._start) + BEAT
        await self._stage.app.tell_news()
        for service in self._stage.services:
            self._stage.lives.end(service.name, self._stage.clock.now())
        return self.happened

    async def _job_until(self, moment: datetime) -> None:
        """Tick at every due time until `moment`, and then."""
        clock = self._stage.clock
        due = await self._jobs()
        while due is not None and due < moment:
            clock.advance_to(max(due, clock.now() + SHORTEST_WAIT))
            due = await self._jobs()
        clock.advance_to(moment)
        await self._jobs()

    async def _jobs(self) -> datetime | None:
        """Renew what is due and tell what has happened; returns when something is due to be renewed next."""
        due = await self._stage.app.schedule.tick()
        await self._stage.app.tell_news()
        return due

    async def _agent_works(self, passed: timedelta) -> None:
        """The usual calls; and fifty at once wherever a token used as long as it lives would expire now."""
        agent = self._stage.agent
        expiring = [
            each.name for each in self._stage.services if passed % timedelta(seconds=each.token_life_s) == NO_TIME
        ]
        await agent.work()
        await asyncio.gather(*(agent.storm(name) for name in expiring))

    async def _scene(self, passed: timedelta) -> None:
        stage, plan = self._stage, self._plan
        if passed == plan.crash_at:
            self.happened.crash = await crash(stage, plan.crashed)
        elif passed == plan.sleep_at:
            self.happened.storms = await sleep(stage)
        elif passed == plan.revoke_at:
            self._revoked = revoke(stage, plan.revoked)
        elif passed == plan.restore_at and self._revoked is not None:
            self.happened.revocation = await restore(stage, self._revoked)


def _on_the_beat(length: timedelta) -> timedelta:
    return length // BEAT * BEAT
