"""Renewing what is due: the due times lie in the database, so that a tick costs what is due and nothing at idle."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from evergrant.model.account import GrantKey
from evergrant.model.clock import Clock
from evergrant.model.outcome import Refused
from evergrant.oauth.endpoint import Client
from evergrant.store.database import StoreUnavailable
from evergrant.tokens.breaker import Breakers
from evergrant.tokens.limits import Limits
from evergrant.tokens.pace import connection_pace, host_pace
from evergrant.tokens.places import Places
from evergrant.tokens.source import TokenSource
from evergrant.vault.agenda import Agenda, Due, DueCursor
from evergrant.vault.seal import SealBroken

BATCH = 100
"""Accounts read at a time, and the most that are under way at one time: each takes a socket and a lock file."""
PAGES = 10
"""Batches that one tick reads; the next one goes on behind them, so that no host's backlog hides the others."""
UNRENEWABLE_PAUSE = timedelta(minutes=10)
PATIENCE_S = 5.0
"""A tick waits so long for its exchanges; those of a host that hangs go on without it."""

Probe = Callable[[Client], Awaitable[bool]]
"""Whether the token endpoint answers as one, asked without a token."""


class Schedule:
    """Renews due accounts, a few at a time at each token host, and probes connections in trouble."""

    def __init__(
        self,
        agenda: Agenda,
        tokens: TokenSource,
        clock: Clock,
        *,
        limits: Limits | None = None,
        probe: Probe | None = None,
        places: Places | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._agenda = agenda
        self._tokens = tokens
        self._clock = clock
        self._limits = limits or _no_breaker(clock)
        self._probe = probe
        self._places = places or Places()
        self._patience_s = patience_s
        self._under_way: set[asyncio.Task[None]] = set()
        self._renewing: set[GrantKey] = set()
        self._behind: DueCursor | None = None

    async def tick(self) -> datetime | None:
        """Renew what is due now; returns when to look again (UTC), None where no account is ever due.

        That is a time already past where more is due than one tick takes. Raises StoreUnavailable.
        """
        began = self._clock.now()
        self._collect()
        self._begin_probes()
        wait = self._begin_due(began)
        await self._settle()
        return self._look_again(began, wait)

    async def stand_by(self) -> datetime | None:
        """What a process does that does not lead: probe the connections that its own calls found in trouble.

        Returns when the next probe is due (UTC), None where none is.
        """
        self._collect()
        self._begin_probes()
        await self._settle()
        return self._next_probe()

    def close(self) -> None:
        """Start nothing more; exchanges under way are the token source's to bring to their end."""
        for task in self._under_way:
            task.cancel()

    def _begin_due(self, now: datetime) -> float:
        """Start what may start; returns the seconds until the rest may, infinite where there is no rest."""
        wait, from_the_first = math.inf, self._behind is None
        for due in self._walk(now):
            if len(self._under_way) >= BATCH:
                return 0.0
            if due.key not in self._renewing:
                wait = min(wait, self._begin_or_wait(due))
        return wait if from_the_first and self._behind is None else 0.0

    def _walk(self, now: datetime) -> Iterator[Due]:
        for _ in range(PAGES):
            page = self._agenda.due(now, BATCH, self._behind)
            yield from page
            self._behind = page[-1].cursor if len(page) == BATCH else None
            if self._behind is None:
                return

    def _begin_or_wait(self, due: Due) -> float:
        if wait := self._limits.take(due):
            return wait
        self._renewing.add(due.key)
        self._begin(self._renew(due)).add_done_callback(lambda _: self._renewing.discard(due.key))
        return math.inf

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        return task

    async def _renew(self, due: Due) -> None:
        with suppress(StoreUnavailable):  # the next tick finds it due again
            async with self._places.at(self._limits.host(due)):
                if self._limits.admits(due):
                    await self._renew_or_put_off(due)

    async def _renew_or_put_off(self, due: Due) -> None:
        try:
            await self._tokens.renew(due.key)
        except (Refused, SealBroken, LookupError, OSError):
            # Most failures have stored a next time already, and a connection in trouble is waited for; what cannot be
            # renewed at all must not head every tick.
            if self._limits.admits(due):
                now = self._clock.now()
                await self._agenda.put_off(due.key, now, now + UNRENEWABLE_PAUSE)

    def _begin_probes(self) -> None:
        for client in self._limits.breakers.probe_due():
            self._begin(self._probe_one(client))

    async def _probe_one(self, client: Client) -> None:
        if self._probe is not None and await self._probe(client):
            connection = client.connection
            with suppress(StoreUnavailable):  # the next probe tries again
                await self._agenda.bring_forward(connection.tenant_id, connection.id, self._clock.now())
                self._limits.breakers.answered(connection.id)

    async def _settle(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._patience_s)
            self._collect()

    def _collect(self) -> None:
        done = {task for task in self._under_way if task.done()}
        self._under_way -= done
        for task in done:
            if not task.cancelled():
                task.result()  # nothing is raised but a fault of the program

    def _look_again(self, began: datetime, wait: float) -> datetime | None:
        if math.isinf(wait):
            times = [self._agenda.next_due()]
        else:
            times = [self._clock.now() + timedelta(seconds=wait), self._agenda.next_due(began)]
        return min((time for time in [*times, self._next_probe()] if time), default=None)

    def _next_probe(self) -> datetime | None:
        wait = self._limits.breakers.next_probe_s()
        return None if wait is None else self._clock.now() + timedelta(seconds=wait)


def _no_breaker(clock: Clock) -> Limits:
    """Until the app composes them."""
    return Limits(None, Breakers(clock, random.SystemRandom()), host_pace(clock), connection_pace(clock))
