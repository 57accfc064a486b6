"""The real engine with many accounts that were connected within a minute."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tests.day.herd import peak_over_mean
from tests.day.services import HUBSPOT, Provider
from tests.day.world import opened, working

from evergrant.sandbox.behaviour import Rotation

WITHIN_S = 60.0
HERD_PROVIDER = Provider(HUBSPOT, Rotation.NEVER)


@dataclass(frozen=True)
class Herd:
    """What the token endpoint saw after the accounts were connected."""

    ratio: float
    """The fullest 10 seconds over the mean of all from the first renewal on."""
    refreshes: int
    most_in_flight: int


async def herd(folder: Path, *, accounts: int, length_s: float) -> Herd:
    """Connect the accounts within a minute, each by a consent, then let the time pass; longer than a token's life.

    The consents are not counted, nor is the pause between them and the first renewal.
    """
    async with opened(folder, [HERD_PROVIDER]) as world, working(world):
        async with asyncio.TaskGroup() as group:
            for each in range(accounts):
                await world.until(each * WITHIN_S / accounts)
                group.create_task(world.consent(HERD_PROVIDER, f"person-{each}"))
        world.network.most_in_flight.clear()
        await world.until(length_s)
    moments = [request.at for request in world.network.token_requests if request.refresh_token]
    ratio = peak_over_mean(moments, since=moments[0], until=length_s)
    return Herd(ratio, len(moments), max(world.network.most_in_flight.values()))
