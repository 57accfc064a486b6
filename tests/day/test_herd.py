"""Accounts that were connected together do not come back to the token endpoint together."""

from pathlib import Path

import pytest
from tests.day.connecting import herd
from tests.day.herd import DRAWINGS, Draw, best_of_two, fixed_share, peak_over_mean, simulate, wide
from tests.day.virtual_loop import run
from tests.day.world import hours

A_DAY_S = 86_400


def ratio(draw: Draw) -> float:
    moments = simulate(draw, accounts=1000, within_s=60, life_s=1800, length_s=A_DAY_S, seed=1)
    return peak_over_mean(moments, since=0, until=A_DAY_S)


def test_the_peak_is_counted_over_any_ten_seconds() -> None:
    even = [float(second) for second in range(100)]

    assert peak_over_mean(even, since=0, until=100) == pytest.approx(1.0)
    assert peak_over_mean([5.0, 14.9, 15.1, 24.0], since=0, until=40) == pytest.approx(2.0)


def test_each_way_of_drawing_spreads_the_accounts_further_than_the_one_before() -> None:
    ratios = [ratio(draw) for draw in DRAWINGS.values()]

    assert ratios == sorted(ratios, reverse=True)
    assert ratio(fixed_share) > 20
    assert ratio(wide) < 6
    assert ratio(best_of_two) < 4


def test_the_engine_keeps_the_peak_below_six_times_the_mean(folder: Path) -> None:
    shipped = run(herd(folder, accounts=300, length_s=hours(0.75)))

    assert shipped.refreshes > 300
    assert shipped.ratio <= 6
    assert shipped.most_in_flight <= 8
