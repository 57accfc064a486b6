"""How fast grants are renewed with full durability, and what a tick costs in small and large vaults."""

import asyncio
import random
import statistics
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.filling import fill, generations, make_due
from tests.bench.provider import provider
from tests.fakes.consent import approve
from tests.fakes.practice import add_client, surroundings

from evergrant.app import App, open_app
from evergrant.model.clock import SystemClock
from evergrant.model.json import JsonObject
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.tokens.breaker import Breakers
from evergrant.tokens.limits import Limits
from evergrant.tokens.pace import Pace
from evergrant.tokens.schedule import Schedule
from evergrant.vault.agenda import Agenda

DUE = 100
SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 5
CONNECTING_AT_ONCE = 8
NO_PACE_PER_S, NO_PACE_BURST = 1e9, 10**9
CLOCK = SystemClock()


@dataclass(frozen=True)
class Rate:
    """Exchanges, eight at a time at one token host, each begun and committed on disk."""

    exchanges: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.exchanges / self.seconds


@dataclass(frozen=True)
class TickCost:
    """The median cost of one tick in a vault of so many accounts, of which `due` are."""

    accounts: int
    due: int
    looking_ms: float
    """Finding what is due, and when to look again."""
    whole_ms: float
    """The same with the exchanges."""
    idle_ms: float
    """A tick when nothing is due."""


@dataclass(frozen=True)
class Measured:
    """All that one run measured."""

    rate: Rate
    ticks: Sequence[TickCost]

    def ratios(self) -> dict[str, float]:
        """How much dearer the largest vault's tick is than the smallest's."""
        small, large = self.ticks[0], self.ticks[-1]
        return {
            "looking": large.looking_ms / small.looking_ms,
            "whole": large.whole_ms / small.whole_ms,
            "idle": large.idle_ms / small.idle_ms,
        }

    def as_json(self) -> JsonObject:
        """Figures as they are, unrounded."""
        return {
            "exchanges": self.rate.exchanges,
            "exchanges_per_second": self.rate.per_second,
            "ticks": [asdict(each) for each in self.ticks],
            "ratios": dict(self.ratios()),
        }


async def measure(home: Path, sizes: Sequence[int] = SIZES, *, due: int = DUE, rounds: int = ROUNDS) -> Measured:
    """Measure on a new vault in `home`, against a sandbox in a process of its own."""
    async with _opened(home, due) as app:
        schedule = _unhurried(app)
        rate = await _rate(app, schedule, rounds)
        ticks = [await _tick_cost(app, schedule, size, due, rounds) for size in sorted(sizes)]
    return Measured(rate, ticks)


@asynccontextmanager
async def _opened(home: Path, accounts: int) -> AsyncGenerator[App, None]:
    settings = Settings(home=home, key_source="file")
    with provider() as url:
        async with open_app(settings, surroundings(CLOCK)) as app:
            await add_client(app)
            places = asyncio.Semaphore(CONNECTING_AT_ONCE)
            await asyncio.gather(*(_connect(app, url, f"account-{each}", places) for each in range(accounts)))
            yield app


async def _connect(app: App, url: str, alias: str, places: asyncio.Semaphore) -> None:
    async with places:
        begun = await app.connect.begin(LOCAL_TENANT, "sandbox", alias, {"origin": url})
        # Each is a person of its own: a person who connects twice has one account.
        await app.consent.finish(parse_redirect(await approve(begun.url, alias)))


def _unhurried(app: App) -> Schedule:
    """The app's schedule without a pace, which would be all that is measured."""
    breakers = Breakers(CLOCK, random.Random(1))
    hosts, connections = (Pace(CLOCK, NO_PACE_PER_S, NO_PACE_BURST) for _ in range(2))
    return Schedule(
        Agenda(app.vault.database), app.tokens, CLOCK, limits=Limits(app.catalog, breakers, hosts, connections)
    )


async def _rate(app: App, schedule: Schedule, rounds: int) -> Rate:
    before, seconds = generations(app.vault.database), 0.0
    for _ in range(rounds):
        make_due(app.vault.database, CLOCK.now())
        seconds += await _seconds(schedule)
    return Rate(generations(app.vault.database) - before, seconds)


async def _tick_cost(app: App, schedule: Schedule, size: int, due: int, rounds: int) -> TickCost:
    connection = app.connections.all(LOCAL_TENANT)[0]
    fill(app.vault.database, LOCAL_TENANT, connection.id, size, CLOCK.now())
    await schedule.tick()
    whole, looking, idle = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        idle.append(await _seconds(schedule))
        make_due(app.vault.database, CLOCK.now())
        looking.append(_looking(app, due))
        whole.append(await _seconds(schedule))
    return TickCost(size, due, *(1000 * statistics.median(each) for each in (looking, whole, idle)))


async def _seconds(schedule: Schedule) -> float:
    began = CLOCK.monotonic()
    await schedule.tick()
    return CLOCK.monotonic() - began


def _looking(app: App, due: int) -> float:
    agenda = Agenda(app.vault.database)
    now = CLOCK.now()
    began = CLOCK.monotonic()
    found = agenda.due(now, due)
    agenda.next_due()
    ended = CLOCK.monotonic()
    assert len(found) == due
    return ended - began
