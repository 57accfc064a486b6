"""The real engine on a real vault, the sandbox behind a network, and time that jumps."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
from tests.day.clocks import MachineClock, TrueClock
from tests.day.network import Network
from tests.day.services import Provider

import evergrant
from evergrant.app import App, open_app
from evergrant.catalog.catalog import data_folder
from evergrant.demo.services import SECRET, write_connectors
from evergrant.entry.jobs import next_tick
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.failpoint import nothing
from evergrant.model.grant import Grant
from evergrant.model.ids import new_id
from evergrant.model.outcome import Outcome
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued, read_answer
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import Surroundings
from evergrant.vault.grants import Grants

REDIRECT_URI = "http://localhost:8484/callback"
EARLIEST_SHARE, LATEST_SHARE = 0.6, 0.9
"""The part of a token's life in which it is to be renewed, as the design says."""


@dataclass(frozen=True)
class World:
    """What a scenario works with."""

    app: App
    sandbox: Sandbox
    network: Network
    machine: MachineClock
    true: TrueClock
    random: random.Random

    @property
    def clock(self) -> Clock:
        """What the engine takes for the time."""
        return self.app.clock

    async def add(self, provider: Provider) -> None:
        """Register the OAuth client of a provider."""
        name = provider.service.name
        await self.app.registry.add(
            LOCAL_TENANT, name, client_id=name, client_secret=Secret(SECRET), redirect_uri=REDIRECT_URI
        )

    async def connect(self, provider: Provider) -> ConnectedAccount:
        """Store a new account without the consent page; its first renewal is drawn here."""
        name, now = provider.service.name, self.clock.now()
        answer = json.dumps(self.sandbox.issue(name, provider.service.user)).encode()
        issued = read_answer(self.app.catalog.connector(name), httpx2.Response(200), answer, now)
        assert isinstance(issued, Issued)
        share = self.random.uniform(EARLIEST_SHARE, LATEST_SHARE)
        return await self._grants.connect(self._account(provider), _first_grant(issued, share))

    async def consent(self, provider: Provider, user: str) -> ConnectedAccount:
        """Connect an account as a person does, at the provider's page; the engine draws its first renewal."""
        name = provider.service.name
        begun = await self.app.connect.begin(LOCAL_TENANT, name, user, {"origin": provider.life.origin})
        page = await self.network.handle_async_request(httpx2.Request("GET", f"{begun.url}&auto=approve&user={user}"))
        return await self.app.consent.finish(parse_redirect(page.headers["Location"]))

    def grant(self, account: ConnectedAccount) -> Grant:
        """What the vault holds for it now."""
        held = self._grants.load(account.grant_key)
        assert held is not None
        return held.grant

    @property
    def _grants(self) -> Grants:
        return Grants(self.app.vault.database, self.app.vault.data_keys)

    def _account(self, provider: Provider) -> ConnectedAccount:
        now, connector = self.clock.now(), provider.service.name
        connection = self.app.connections.find(LOCAL_TENANT, connector)
        assert connection is not None, "add the provider first"
        account_id = new_id("conn", now)
        return ConnectedAccount(
            id=account_id,
            tenant_id=LOCAL_TENANT,
            connection_id=connection.id,
            connector=connector,
            alias=account_id,
            subject=account_id,
            label=provider.service.user,
            state="active",
            cause=None,
            scopes_requested=("crm.read", "crm.write"),
            scopes_granted=("crm.read", "crm.write"),
            values={"origin": provider.life.origin},
            created_at=now,
        )

    async def call(self, account: ConnectedAccount) -> Outcome:
        """A small read."""
        tool = f"{account.connector}_get_contact"
        return await self.app.executor.execute_tool(account.key, tool, {"contact_id": "con_00000001"})

    async def job(self) -> None:
        """The server's refresh job, until it is cancelled: it ticks when the server's would."""
        while True:
            due = await self.app.schedule.tick()
            now = self.clock.now()
            await self.clock.sleep((next_tick(now, due) - now).total_seconds())

    async def until(self, seconds: float) -> None:
        """Wait for a moment of true time."""
        await self.true.sleep(max(seconds - self.true.monotonic(), 0.0))


def _first_grant(issued: Issued, share: float) -> Grant:
    assert issued.expires_at is not None, "every life here is known, from the answer or from the connector"
    return Grant(
        generation=1,
        access_token=issued.access_token,
        refresh_token=issued.refresh_token,
        issued_at=issued.issued_at,
        expires_at=issued.expires_at,
        refresh_at=issued.issued_at + (issued.expires_at - issued.issued_at) * share,
    )


@asynccontextmanager
async def opened(folder: Path, providers: Sequence[Provider], *, seed: int = 1) -> AsyncGenerator[World]:
    """A world below `folder` with the OAuth clients of these providers; the job is not running."""
    true = TrueClock(asyncio.get_running_loop())
    clock, dice = MachineClock(true), random.Random(seed)
    services = tuple(each.service for each in providers)
    write_connectors(folder / "data", data_folder(Path(evergrant.__file__).parent), services)
    clients = {each.name: each.client(REDIRECT_URI) for each in services}
    sandbox = Sandbox(clients, clock=true, chance=random.Random(seed), auto_approve=True)
    network = Network(sandbox, true)
    settings = Settings(home=folder / "vault", key_source="file", connector_path=(folder / "data",))
    async with open_app(settings, Surroundings(clock, dice, network, lambda: None, nothing, boot_id="today")) as app:
        world = World(app, sandbox, network, clock, true, random.Random(seed))
        for provider in providers:
            await world.add(provider)
        yield world


@asynccontextmanager
async def working(world: World) -> AsyncGenerator[None]:
    """The refresh job runs for the block."""
    async with asyncio.TaskGroup() as group:
        job = group.create_task(world.job())
        yield
        job.cancel()


def hours(count: float) -> float:
    """Seconds in so many hours."""
    return timedelta(hours=count).total_seconds()
