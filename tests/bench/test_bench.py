"""The bench measures what it says: every due account is exchanged in every round, and filler never is."""

from pathlib import Path

import pytest
from tests.bench.machine import machine
from tests.bench.refresh import measure

pytestmark = pytest.mark.anyio


async def test_small_vaults_are_measured(tmp_path: Path) -> None:
    measured = await measure(tmp_path, (10, 500), due=5, rounds=2)

    assert measured.rate.exchanges == 10
    assert measured.rate.per_second > 0
    assert [(each.accounts, each.due) for each in measured.ticks] == [(10, 5), (500, 5)]
    assert all(min(each.looking_ms, each.whole_ms, each.idle_ms) > 0 for each in measured.ticks)
    assert set(measured.ratios()) == {"looking", "whole", "idle"}


def test_the_machine_is_named() -> None:
    assert {"processor", "system", "python", "sqlite"} == set(machine())
    assert all(machine().values())
