"""A machine that sleeps, or whose clock is set, sends no expired token and does not storm a token endpoint."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.day.playing import Size, play
from tests.day.services import GOOGLE, HUBSPOT, Provider
from tests.day.shocks import step, suspension
from tests.day.virtual_loop import run

from evergrant.sandbox.behaviour import Rotation

PROVIDERS = [
    Provider(life, rotation) for life in (HUBSPOT, GOOGLE) for rotation in (Rotation.GRACE_SAME, Rotation.STRICT_FAMILY)
]
HOUR = timedelta(hours=1)


def test_a_sleep_of_nine_hours_ends_without_expired_tokens_and_without_a_storm(folder: Path) -> None:
    # Three calls of four fall into the sleep: they come when it ends, besides one on every account.
    size = Size(accounts=60, calls=400, hours=12)

    assert run(play(folder, size, PROVIDERS, shock=suspension(9 * HOUR))).broken_always() == []


@pytest.mark.parametrize(
    "steps",
    [[HOUR], [-HOUR], [-24 * HOUR], [3650 * 24 * HOUR], [HOUR, -HOUR]],
    ids=["+1h", "-1h", "-1d", "+10y", "+1h-1h"],
)
def test_a_clock_that_is_set_costs_no_expired_token_and_no_storm(folder: Path, steps: list[timedelta]) -> None:
    size = Size(accounts=40, calls=300, hours=3)

    assert run(play(folder, size, PROVIDERS, shock=step(*steps))).broken_always() == []
