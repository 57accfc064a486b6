"""The real engine with many accounts that were connected within a minute."""

from dataclasses import dataclass
from pathlib import Path

from tests.day.herd import peak_over_mean
from tests.day.services import HUBSPOT, Provider
from tests.day.world import DUE_AT_ONCE, opened, working

from evergrant.sandbox.behaviour import Rotation

WITHIN_S = 60.0
HERD_PROVIDER = Provider(HUBSPOT, Rotation.NEVER)


@dataclass(frozen=True)
class Herd:
    """What the token endpoint saw after the accounts were connected."""

    ratio: float
    """The fullest 10 seconds over the mean of all from the first renewal on."""
    requests: int
    connected_s: float
    """When the engine had drawn a renewal time for each account."""
    most_in_flight: int


async def herd(folder: Path, *, accounts: int, length_s: float) -> Herd:
    """Connect the accounts within a minute, then let the time pass; `length_s` is longer than a token's life.

    Each account's first renewal is due at once, so that it is the engine that draws all the later ones; the first
    ones stand for the consents and are not counted, nor is the pause between them and the next.
    """
    async with opened(folder, [HERD_PROVIDER]) as world, working(world):
        for each in range(accounts):
            await world.until(each * WITHIN_S / accounts)
            await world.connect(HERD_PROVIDER, DUE_AT_ONCE)
        while world.sandbox.count.refreshes < accounts:
            await world.true.sleep(1)
        connected_s = world.true.monotonic()
        await world.until(connected_s + length_s)
    moments = [request.at for request in world.network.token_requests if request.at > connected_s]
    ratio = peak_over_mean(moments, since=moments[0], until=connected_s + length_s)
    return Herd(ratio, len(moments), connected_s, max(world.network.most_in_flight.values()))
