"""How often a grant is renewed in a run of 6 and of 12 hours: when its token has expired, and ahead of that."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.day.services import GOOGLE, HUBSPOT, SALESFORCE, SALESFORCE_SHORTEST, SLACK, Life, Provider
from tests.day.world import EARLIEST_SHARE, LATEST_SHARE, World, hours, opened, working

from evergrant.model.account import ConnectedAccount
from evergrant.sandbox.behaviour import Rotation

RUNS = (6, 12)
FIVE_LIVES = (HUBSPOT, GOOGLE, SALESFORCE_SHORTEST, SALESFORCE, SLACK)


@dataclass(frozen=True)
class Refreshes:
    """The refreshes of one provider's grants in a run of some hours."""

    life: Life
    hours: int
    measured: tuple[int, ...]
    """By account."""

    @property
    def at_expiry(self) -> int:
        """How many it takes when each token is used until it expires."""
        return int(hours(self.hours) // self.life.seconds)

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most when each is renewed between 60 and 90 % of its life."""
        least, most = LATEST_SHARE * self.life.seconds, EARLIEST_SHARE * self.life.seconds
        return math.floor(hours(self.hours) / least), math.floor(hours(self.hours) / most)


async def refreshes(folder: Path, *, accounts_each: int) -> list[Refreshes]:
    """Let the engine keep some accounts of each provider alive, uncalled; by run, then by provider."""
    providers = [Provider(life, Rotation.GRACE_SAME) for life in FIVE_LIVES]
    counted: list[Refreshes] = []
    async with opened(folder, providers) as world:
        accounts = {each.life: [await world.connect(each) for _ in range(accounts_each)] for each in providers}
        async with working(world):
            for run in RUNS:
                await world.until(hours(run))
                counted += [Refreshes(life, run, _renewed(world, whose)) for life, whose in accounts.items()]
    return counted


def _renewed(world: World, accounts: Sequence[ConnectedAccount]) -> tuple[int, ...]:
    return tuple(world.grant(account).generation - 1 for account in accounts)
