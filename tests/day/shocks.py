"""What befalls the clock of a machine: it sleeps."""

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
