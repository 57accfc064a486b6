"""What is due is renewed no faster than its host and connection allow, and not through a connection in trouble."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from anyio.lowlevel import checkpoint
from tests.fakes.practice import Practice, practice
from tests.fakes.tenants import settled
from tests.tokens.token_host import TokenHost, account, connection, grant, token_host

from evergrant.model.account import ConnectedAccount, Connection
from evergrant.oauth.endpoint import Client
from evergrant.tokens import schedule
from evergrant.tokens.breaker import OPENS_AFTER, PROBE_S, Breakers
from evergrant.tokens.limits import Limits
from evergrant.tokens.pace import CONNECTION_BURST, HOST_BURST, Pace, connection_pace, host_pace
from evergrant.tokens.places import IN_FLIGHT, Places
from evergrant.tokens.schedule import PATIENCE_S, Schedule
from evergrant.vault.agenda import Agenda
from evergrant.vault.grants import Grants

pytestmark = pytest.mark.anyio
DUE_IN_S = 1200


@dataclass
class World:
    """An app with hosts of our own making, and a schedule whose probes the test answers."""

    practice: Practice
    stack: AsyncExitStack
    up: bool = False
    probed: list[str] = field(default_factory=list[str])
    added: int = 0

    def __post_init__(self) -> None:
        app = self.practice.app
        self.clock = self.practice.clock
        self.start = self.clock.now()
        self.breakers = Breakers(self.clock, random.Random(1))
        self.grants = Grants(app.vault.database, app.vault.data_keys)
        self.agenda = Agenda(app.vault.database)
        self.schedule = self.new_schedule(host_pace(self.clock), connection_pace(self.clock))

    def new_schedule(self, hosts: Pace, connections: Pace, patience_s: float = PATIENCE_S) -> Schedule:
        app = self.practice.app
        return Schedule(
            self.agenda,
            app.tokens,
            self.clock,
            limits=Limits(app.catalog, self.breakers, hosts, connections),
            probe=self.probe,
            places=Places(),
            patience_s=patience_s,
        )

    async def probe(self, client: Client) -> bool:
        self.probed.append(client.connection.id)
        return self.up

    async def host(self) -> TokenHost:
        return await self.stack.enter_async_context(token_host())

    async def connection(self, tenant_id: str) -> Connection:
        made = connection(tenant_id, self.start)
        settled(self.practice.app.vault, tenant_id)
        await self.practice.app.connections.put(made)
        return made

    async def accounts(self, through: Connection, host: TokenHost, number: int) -> list[ConnectedAccount]:
        """Accounts that are due one after the other, twenty minutes from the start."""
        made = list[ConnectedAccount]()
        for _ in range(number):
            self.added += 1
            due = self.start + timedelta(seconds=DUE_IN_S, milliseconds=self.added)
            stored = account(through, self.added, host.url)
            made.append(await self.grants.connect(stored, grant(self.start, refresh_at=due)))
        return made

    def trouble(self, through: Connection, of: ConnectedAccount) -> None:
        client = Client(self.practice.app.catalog.connector("sandbox"), through, of.values)
        for _ in range(OPENS_AFTER):
            self.breakers.failed(client)

    def generations(self, accounts: list[ConnectedAccount]) -> list[int]:
        return [self.practice.app.tokens.generation(each.grant_key) for each in accounts]

    async def tick_until(self, until: datetime) -> int:
        """Tick whenever told to; returns how often."""
        ticks = 0
        while self.clock.now() < until:
            due = await self.schedule.tick()
            ticks += 1
            wait = (due - self.clock.now()).total_seconds() if due else 30
            self.clock.advance(min(max(wait, 1), 30))
        return ticks


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World, None]:
    async with AsyncExitStack() as stack, practice(tmp_path) as made:
        yield World(made, stack)


async def test_eight_exchanges_at_most_are_under_way_at_a_host_and_a_slow_host_delays_no_other(world: World) -> None:
    slow, quick = await world.host(), await world.host()
    first, second = await world.connection("tnt_a"), await world.connection("tnt_b")
    waiting = await world.accounts(first, slow, CONNECTION_BURST)
    others = await world.accounts(second, quick, 3)
    slow.gate.clear()
    world.clock.advance(DUE_IN_S + 10)

    tick = asyncio.create_task(world.schedule.tick())
    await slow.arrived(IN_FLIGHT)
    while world.generations(others) != [2, 2, 2]:
        await checkpoint()
    assert slow.in_flight == IN_FLIGHT
    slow.gate.set()
    await tick
    while world.generations(waiting) != [2] * CONNECTION_BURST:  # a tick leaves what takes long to itself
        await checkpoint()

    assert slow.most_in_flight == IN_FLIGHT


async def test_a_tick_does_not_wait_for_a_host_that_hangs_nor_ask_it_twice(world: World) -> None:
    hung, quick = await world.host(), await world.host()
    first, second = await world.connection("tnt_a"), await world.connection("tnt_b")
    stuck = await world.accounts(first, hung, 1)
    hung.gate.clear()
    world.clock.advance(DUE_IN_S + 10)
    impatient = world.new_schedule(host_pace(world.clock), connection_pace(world.clock), patience_s=0.05)

    await impatient.tick()
    await hung.arrived(1)
    other = await world.accounts(second, quick, 1)
    await impatient.tick()
    while world.generations(other) != [2]:
        await checkpoint()

    assert (hung.in_flight, world.generations(stuck)) == (1, [1])
    hung.gate.set()
    while world.generations(stuck) != [2]:
        await checkpoint()
    await impatient.tick()
    assert hung.served == 1


async def test_a_burst_is_taken_at_once_and_the_rest_when_the_bucket_allows(world: World) -> None:
    host, through = await world.host(), await world.connection("tnt_a")
    accounts = await world.accounts(through, host, 30)
    world.clock.advance(DUE_IN_S + 10)

    due = await world.schedule.tick()

    assert host.served == CONNECTION_BURST
    assert due is not None
    assert timedelta(0) < due - world.clock.now() <= timedelta(seconds=0.2)
    ticks = await world.tick_until(world.clock.now() + timedelta(seconds=6))
    assert world.generations(accounts) == [2] * 30
    assert ticks <= 7


async def test_two_connections_share_their_hosts_pace(world: World) -> None:
    host = await world.host()
    for tenant_id in ("tnt_a", "tnt_b", "tnt_c"):
        await world.accounts(await world.connection(tenant_id), host, CONNECTION_BURST)
    world.clock.advance(DUE_IN_S + 10)

    await world.schedule.tick()

    assert host.served == HOST_BURST


async def test_nothing_is_sent_through_a_connection_in_trouble_and_others_go_on(world: World) -> None:
    host = await world.host()
    sick, well = await world.connection("tnt_a"), await world.connection("tnt_b")
    held_back, renewed = await world.accounts(sick, host, 3), await world.accounts(well, host, 3)
    world.clock.advance(DUE_IN_S + 10)
    world.trouble(sick, held_back[0])

    due = await world.schedule.tick()

    assert world.generations(held_back + renewed) == [1, 1, 1, 2, 2, 2]
    assert due == world.clock.now() + timedelta(seconds=world.breakers.wait_s(sick.id))
    assert world.probed == []


async def test_during_two_hours_of_trouble_there_are_probes_and_no_exchanges(world: World) -> None:
    host, through = await world.host(), await world.connection("tnt_a")
    accounts = await world.accounts(through, host, 3)
    world.clock.advance(DUE_IN_S + 10)
    world.trouble(through, accounts[0])

    ticks = await world.tick_until(world.clock.now() + timedelta(hours=2))

    assert host.served == 0
    assert 7200 / PROBE_S - 2 <= len(world.probed) <= 7200 / (PROBE_S * 0.8) + 2
    assert ticks < 600


async def test_all_is_renewed_within_a_minute_of_the_providers_return(world: World) -> None:
    host, through = await world.host(), await world.connection("tnt_a")
    accounts = await world.accounts(through, host, 60)
    world.clock.advance(DUE_IN_S + 10)
    await put_back(world, accounts[:30])
    world.trouble(through, accounts[0])
    await world.tick_until(world.clock.now() + timedelta(minutes=5))
    assert host.served == 0

    world.up = True
    await world.tick_until(world.clock.now() + timedelta(minutes=1))

    assert world.generations(accounts) == [2] * 60
    assert world.breakers.admits(through.id)


async def put_back(world: World, accounts: list[ConnectedAccount]) -> None:
    """As after a failure: to be tried again in twenty minutes."""
    for each in accounts:
        held, _ = await world.grants.begin(each.grant_key, world.clock.now(), lambda _: True)
        assert held is not None
        again = world.clock.now() + timedelta(minutes=20)
        await world.grants.fail(held, "no_answer", again, may_be_spent=False)


async def test_a_process_that_does_not_lead_probes_and_renews_nothing(world: World) -> None:
    host, through = await world.host(), await world.connection("tnt_a")
    accounts = await world.accounts(through, host, 1)
    assert await world.schedule.stand_by() is None
    world.clock.advance(DUE_IN_S + 10)
    world.trouble(through, accounts[0])

    due = await world.schedule.stand_by()
    assert due == world.clock.now() + timedelta(seconds=world.breakers.wait_s(through.id))
    world.up = True
    world.clock.advance(PROBE_S)
    assert await world.schedule.stand_by() is None

    assert (world.probed, host.served) == ([through.id], 0)
    assert world.breakers.admits(through.id)


async def test_a_long_backlog_of_one_connection_does_not_hide_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "BATCH", 10)
    monkeypatch.setattr(schedule, "PAGES", 2)
    host = await world.host()
    sick, well = await world.connection("tnt_a"), await world.connection("tnt_b")
    backlog = await world.accounts(sick, host, 21)
    behind = await world.accounts(well, host, 1)
    world.clock.advance(DUE_IN_S + 10)
    world.trouble(sick, backlog[0])

    first = await world.schedule.tick()
    assert first is not None
    assert first <= world.clock.now()
    await world.schedule.tick()

    assert world.generations(behind) == [2]
    assert host.served == 1


async def test_a_closed_schedule_starts_nothing_more(world: World) -> None:
    host, through = await world.host(), await world.connection("tnt_a")
    accounts = await world.accounts(through, host, CONNECTION_BURST)
    host.gate.clear()
    world.clock.advance(DUE_IN_S + 10)
    tick = asyncio.create_task(world.schedule.tick())
    await host.arrived(IN_FLIGHT)

    world.schedule.close()
    host.gate.set()
    await tick
    await world.practice.app.tokens.drain()

    assert host.served == IN_FLIGHT
    assert sorted(world.generations(accounts)) == [1] * (CONNECTION_BURST - IN_FLIGHT) + [2] * IN_FLIGHT


async def test_an_account_without_a_token_host_stops_nobody(world: World) -> None:
    host, through = await world.host(), await world.connection("tnt_a")
    lost, fine = await world.accounts(through, host, 1), await world.accounts(through, host, 1)
    nowhere = replace(account(through, world.added + 1, host.url), values={})
    await world.grants.connect(nowhere, grant(world.start, refresh_at=world.start + timedelta(seconds=DUE_IN_S)))
    world.clock.advance(DUE_IN_S + 10)

    await world.schedule.tick()

    assert world.generations([*lost, *fine, nowhere]) == [2, 2, 1]
