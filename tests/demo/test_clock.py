import asyncio
from datetime import UTC, datetime, timedelta

from evergrant.demo.clock import VirtualClock

NOON = datetime(2026, 5, 25, 12, tzinfo=UTC)


def test_waiting_an_hour_moves_the_clock_an_hour() -> None:
    clock = VirtualClock(NOON)
    asyncio.run(clock.sleep(3600))
    assert clock.now() == NOON + timedelta(hours=1)
    assert clock.monotonic() == 3600


def test_time_never_goes_back() -> None:
    clock = VirtualClock(NOON)
    clock.advance_to(NOON - timedelta(hours=1))
    assert clock.now() == NOON
