"""What befalls the clock of a machine: it sleeps, or is set."""

from datetime import timedelta

from tests.day.playing import Shock
from tests.day.world import World, hours

AT_S = hours(1) + 90.0
STEPS_APART_S = 900.0


def suspension(length: timedelta) -> Shock:
    """The lid is shut for so long: timers stand still, both clocks go on."""

    async def shock(world: World) -> None:
        await world.until(AT_S)
        world.true.suspend(length.total_seconds())

    return shock


def step(*by: timedelta) -> Shock:
    """The time of day is set by each of these in turn, a quarter of an hour apart."""

    async def shock(world: World) -> None:
        for number, change in enumerate(by):
            await world.until(AT_S + number * STEPS_APART_S)
            world.machine.step(change)

    return shock
