"""What befalls the clock of a machine: it sleeps, and its time of day is set."""

from datetime import timedelta

from tests.day.playing import Shock
from tests.day.world import World, hours

AT_S = hours(1) + 90.0


def suspension(length: timedelta) -> Shock:
    """The lid is shut for so long: timers stand still, both clocks go on."""

    async def shock(world: World) -> None:
        await world.until(AT_S)
        world.true.suspend(length.total_seconds())

    return shock


def step(by: timedelta) -> Shock:
    """The time of day is set; elapsed time goes on, and so does the provider's clock."""

    async def shock(world: World) -> None:
        await world.until(AT_S)
        world.clock.step(by)

    return shock
