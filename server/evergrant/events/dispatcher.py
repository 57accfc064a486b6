"""Delivers what is due: a few at a time, one at a time to each receiver, so that a slow one holds up no other."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from evergrant.events.message import message
from evergrant.events.patience import Patience
from evergrant.events.send import Post
from evergrant.model.clock import Clock
from evergrant.model.endpoint import EndpointKey
from evergrant.vault.deliveries import Deliveries
from evergrant.vault.seal import SealBroken

AT_ONCE = 8
LEASE_S = 30.0
"""Longer than an attempt can take: what a killed process was sending is sent again after it."""
SEALED_S = 300.0
"""How long an endpoint is left alone whose secret does not open."""
LOOK_AGAIN_S = 0.05
LAST_SENDS_S = 1.0
"""So long a delivery under way may take to end when the program does."""


class Dispatcher:
    """Sends the deliveries of a vault. Any number of processes may do so at once: who sends what is in the database."""

    def __init__(
        self,
        deliveries: Deliveries,
        post: Post,
        patience: Patience,
        clock: Clock,
        *,
        at_once: int = AT_ONCE,
        to_one_endpoint: int = 1,
        lease_s: float = LEASE_S,
    ) -> None:
        self._deliveries = deliveries
        self._post = post
        self._patience = patience
        self._clock = clock
        self._to_one = to_one_endpoint
        self._lease = timedelta(seconds=lease_s)
        self._free = asyncio.Semaphore(at_once)
        self._drains: defaultdict[EndpointKey, set[asyncio.Task[None]]] = defaultdict(set)
        self._look_again: set[EndpointKey] = set()

    async def deliver_due(self, tenant_id: str | None = None) -> datetime | None:
        """Send what is due, of the tenant or of all, and return when something is due next; None where nothing waits.

        What another call of this process is sending is not waited for. Raises StoreUnavailable.
        """
        begun = self._begin(tenant_id)
        await _ended(begun)
        for task in begun:
            task.result()
        slots = self._deliveries.slots(self._clock.now(), tenant_id, self._to_one)
        return min((slot.due_at for slot in slots), default=None)

    async def tell(self, tenant_id: str, within_s: float) -> bool:
        """Have all that is due of the tenant sent, whoever sends it, before this returns; wait `within_s` at most.

        Whether there is nothing left to send now: each receiver has its events, or its next attempt is in the future.
        What was begun goes on after a wait that was too short.
        """
        end = self._clock.monotonic() + within_s
        self._begin(tenant_id)
        await _ended(self._under_way(tenant_id), within_s)
        while self._is_due(tenant_id):
            if self._clock.monotonic() >= end:
                return False
            await self._clock.sleep(LOOK_AGAIN_S)  # another process sends
            self._begin(tenant_id)
            await _ended(self._under_way(tenant_id), max(end - self._clock.monotonic(), 0.0))
        return True

    async def close(self) -> None:
        """Let what is being sent come to its end, for a moment; then stop."""
        tasks = self._under_way()
        await _ended(tasks, LAST_SENDS_S)
        for task in tasks:
            task.cancel()
        await _ended(tasks)

    def _under_way(self, tenant_id: str | None = None) -> list[asyncio.Task[None]]:
        drains = [tasks for key, tasks in self._drains.items() if tenant_id in (None, key.tenant_id)]
        return [task for tasks in drains for task in tasks if not task.done()]

    def _is_due(self, tenant_id: str) -> bool:
        now = self._clock.now()
        return any(slot.leased or slot.due_at <= now for slot in self._deliveries.slots(now, tenant_id, self._to_one))

    def _begin(self, tenant_id: str | None) -> list[asyncio.Task[None]]:
        now, begun = self._clock.now(), list[asyncio.Task[None]]()
        for slot in self._deliveries.slots(now, tenant_id, self._to_one):
            if slot.due_at <= now:
                self._look_again.add(slot.key)
                running = sum(not task.done() for task in self._drains[slot.key])
                begun += [self._drained(slot.key) for _ in range(self._to_one - running)]
        return begun

    def _drained(self, key: EndpointKey) -> asyncio.Task[None]:
        task = asyncio.create_task(self._drain(key))
        self._drains[key].add(task)
        task.add_done_callback(lambda task: self._forget(key, task))
        return task

    def _forget(self, key: EndpointKey, task: asyncio.Task[None]) -> None:
        self._drains[key].discard(task)
        if not self._drains[key]:
            del self._drains[key]
        if not task.cancelled():
            task.exception()  # whoever began it is told; where nobody waits, the next tick meets the same

    async def _drain(self, key: EndpointKey) -> None:
        """Send to one endpoint until nothing is due there."""
        sent = True
        while sent or key in self._look_again:
            self._look_again.discard(key)
            async with self._free:
                sent = await self._send_one(key)

    async def _send_one(self, key: EndpointKey) -> bool:
        now = self._clock.now()
        try:
            claim = await self._deliveries.claim(key, now, now + self._lease, self._to_one)
        except SealBroken as broken:
            await self._deliveries.put_off(key, str(broken), now + timedelta(seconds=SEALED_S))
            return False
        if claim is None:
            return False
        reply = await self._post.send(claim.endpoint.url, message(claim.event), claim.secrets, self._clock.now())
        now = self._clock.now()
        if reply.ok:
            await self._deliveries.delivered(claim, now)
        else:
            await self._deliveries.failed(claim, self._patience.after(claim, reply, now), now)
        return True


async def _ended(tasks: Iterable[asyncio.Task[None]], within_s: float | None = None) -> None:
    """Wait for them; a wait that is cancelled, or too short, does not disturb them."""
    if waited := list(tasks):
        await asyncio.wait(waited, timeout=within_s)
