"""A day: accounts that are kept alive and called, and what the provider counted of it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.day.draws import Draws
from tests.day.services import EVERY_PROVIDER, Provider
from tests.day.world import World, hours, opened, working

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import Failure
from evergrant.settings import LOCAL_TENANT

MOST_OF_PLAN, LEAST_OF_PLAN = 1.05, 0.95
"""More would be waste; with fewer, the renewals were left to the calls."""
MOST_EVENTS = 10_000
MOST_IN_FLIGHT = 8
"""Exchanges at one time at one token host."""


@dataclass(frozen=True)
class Size:
    """How much is played."""

    accounts: int
    calls: int
    hours: float

    @property
    def seconds(self) -> float:
        return hours(self.hours)


Shock = Callable[[World], Awaitable[None]]
"""Something that befalls the machine in the middle of the run."""


@dataclass
class Played:
    """What came of it; `failed` is by the outcome's code, everything else is what the provider counted."""

    size: Size
    calls: int = 0
    failed: Counter[str] = field(default_factory=Counter[str])
    api_ok: int = 0
    expired_sends: int = 0
    revoked_sends: int = 0
    double_exchanges: int = 0
    exchanges: int = 0
    plan: int = 0
    most_in_flight: int = 0
    events: int = 0

    def broken(self) -> list[str]:
        """The promises that were not kept, in words."""
        most, least = self.plan * MOST_OF_PLAN, self.plan * LEAST_OF_PLAN
        planned = f"{self.exchanges} exchanges are not the {self.plan} of the plan"
        return [*([] if least <= self.exchanges <= most else [planned]), *self.broken_always()]

    def broken_always(self) -> list[str]:
        """Those of them that hold whatever befalls the machine; what was due meanwhile has upset the plan."""
        kept = {
            f"{self.expired_sends} calls were sent with an expired token": self.expired_sends == 0,
            f"{self.revoked_sends} calls were sent with a revoked token": self.revoked_sends == 0,
            f"{self.double_exchanges} spent refresh tokens were presented": self.double_exchanges == 0,
            f"calls failed: {dict(self.failed)}": not self.failed,
            f"{self.api_ok} of {self.calls} calls arrived": self.api_ok == self.calls,
            f"{self.events} events were written": self.events == 0,
            f"{self.most_in_flight} exchanges were in flight at once": self.most_in_flight <= MOST_IN_FLIGHT,
        }
        return [words for words, holds in kept.items() if not holds]


async def play(
    folder: Path,
    size: Size,
    providers: Sequence[Provider] = EVERY_PROVIDER,
    *,
    shock: Shock | None = None,
    seed: int = 1,
) -> Played:
    """Connect the accounts at once, in turn over the providers; then let the time pass."""
    played, draws = Played(size), Draws()
    async with opened(folder, providers, seed=seed) as world:
        accounts = [await world.connect(providers[each % len(providers)]) for each in range(size.accounts)]
        async with asyncio.TaskGroup() as group, working(world):
            looking = group.create_task(draws.keep_looking(world, min(each.life.seconds for each in providers)))
            if shock is not None:
                group.create_task(_befall(world, accounts, shock, played))
            await _call(world, accounts, played)
            await world.until(size.seconds)
            looking.cancel()
        draws.look(world)
        _count(world, draws, played)
    return played


async def _call(world: World, accounts: Sequence[ConnectedAccount], played: Played) -> None:
    """Calls at any time, on any account; a slow one keeps none waiting."""
    moments = sorted(world.random.uniform(0, played.size.seconds) for _ in range(played.size.calls))
    async with asyncio.TaskGroup() as group:
        for moment in moments:
            await world.until(moment)
            group.create_task(_one_call(world, world.random.choice(accounts), played))


async def _befall(world: World, accounts: Sequence[ConnectedAccount], shock: Shock, played: Played) -> None:
    """The shock, and at once a call on every account."""
    await shock(world)
    await asyncio.gather(*(_one_call(world, account, played) for account in accounts))


async def _one_call(world: World, account: ConnectedAccount, played: Played) -> None:
    played.calls += 1
    outcome = await world.call(account)
    if isinstance(outcome, Failure):
        played.failed[outcome.code] += 1


def _count(world: World, draws: Draws, played: Played) -> None:
    count = world.sandbox.count
    played.api_ok, played.expired_sends = count.api_ok, count.api_expired_token
    played.revoked_sends, played.double_exchanges = count.api_revoked_token, count.spent_presented + count.spent_resent
    played.exchanges = count.refreshes
    played.plan = sum(draws.plan(account_id, played.size.seconds) for account_id in draws.by_account)
    played.most_in_flight = max(world.network.most_in_flight.values(), default=0)
    played.events = len(world.app.outbox.after(LOCAL_TENANT, 0, MOST_EVENTS))
