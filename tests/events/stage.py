"""A vault with a receiver, and what a test of delivery does with them."""

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
from sqlmodel import Session
from tests.fakes.clock import ManualClock
from tests.fakes.tenants import settled
from tests.vault.samples import account

from evergrant.dial.guard import Guard, Resolve, permitted, system_resolve
from evergrant.events.dispatcher import Dispatcher
from evergrant.events.patience import Patience
from evergrant.events.send import Post
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.endpoint import Delivery, Endpoint
from evergrant.model.event import Event, reauth_completed, reauth_required
from evergrant.service.webhooks import Webhooks
from evergrant.vault.accounts import account_row
from evergrant.vault.deliveries import Deliveries
from evergrant.vault.endpoints import Endpoints
from evergrant.vault.outbox import Outbox, add_event
from evergrant.vault.vault import Vault, open_vault
from evergrant.wire import http_client

TENANT = "tnt_a"
LOOPBACK = permitted(["127.0.0.1"])


@dataclass
class Stage:
    """One process on a vault; further ones are made with `another`."""

    vault: Vault
    clock: ManualClock
    http: httpx2.AsyncClient
    guard: Guard
    patience: Patience

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.vault.database, self.vault.data_keys)

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.vault.database, self.vault.data_keys)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.vault.database)

    @property
    def post(self) -> Post:
        return Post(self.http, self.guard)

    @property
    def webhooks(self) -> Webhooks:
        return Webhooks(self.endpoints, self.deliveries, self.post, self.guard, self.clock)

    def dispatcher(self, *, to_one_endpoint: int = 1, deadline_s: float = 15.0, at_once: int = 8) -> Dispatcher:
        post = replace(self.post, deadline_s=deadline_s)
        deliveries, patience = self.deliveries, self.patience
        return Dispatcher(deliveries, post, patience, self.clock, to_one_endpoint=to_one_endpoint, at_once=at_once)

    async def add(self, url: str, types: Sequence[str] = ()) -> tuple[Endpoint, str]:
        """An endpoint and its secret."""
        endpoint, secret = await self.webhooks.add(TENANT, url, types)
        return endpoint, secret.reveal()

    def endpoint(self, of: Endpoint) -> Endpoint:
        """As it stands now."""
        return self.webhooks.find(TENANT, of.id)

    def states(self, of: Endpoint) -> list[str]:
        """What became of its events, in their order."""
        return [each.state for each in reversed(self.deliveries.latest(of.key, 1000))]

    def last(self, of: Endpoint) -> Delivery:
        return self.deliveries.latest(of.key, 1)[0]

    async def write(self, event: Event) -> None:
        """Put the event into the outbox."""
        await self.vault.database.write(lambda session: add_event(session, event))

    async def die(self, number: int = 1) -> str:
        """A grant dies: its account's state and the event, in one transaction; the event's id."""
        return await self.put(
            number,
            "reauth_required",
            reauth_required(
                person(number), "invalid_grant", "revoked", "https://grants.example/reconnect/x", self.clock.now()
            ),
        )

    async def come_back(self, number: int = 1) -> str:
        """Its person has reconnected it."""
        return await self.put(number, "active", reauth_completed(person(number), self.clock.now()))

    async def put(self, number: int, state: str, event: Event) -> str:
        def work(session: Session) -> None:
            row = account_row(person(number))
            row.state = state
            session.merge(row)
            add_event(session, event)

        await self.vault.database.write(work)
        return event.id


def person(number: int = 1) -> ConnectedAccount:
    return account(number, tenant_id=TENANT)


@asynccontextmanager
async def stage(
    home: Path,
    *,
    resolve: Resolve = system_resolve,
    permit: Sequence[str] = ("127.0.0.1",),
    patience: Patience | None = None,
) -> AsyncGenerator[Stage]:
    """A new vault; the clock stands at the machine's time, by which `standardwebhooks` verifies."""
    clock = ManualClock(SystemClock().now())
    vault = settled(open_vault(home, "file", lambda: None, clock))
    guard = Guard(resolve, permitted(permit))
    try:
        async with http_client(guard, keep_alive=4) as http:
            yield Stage(vault, clock, http, guard, patience or Patience(random.Random(1), jitter=0.0))
    finally:
        vault.close()


async def eventually(clock: SystemClock, true: Callable[[], bool]) -> None:
    """Until something of another thread has come about."""
    while not true():
        await clock.sleep(0.005)
