"""How far the token requests of accounts that were connected together pile up, by how the renewal times are drawn."""

import heapq
import random
from collections.abc import Callable, Sequence
from itertools import accumulate

WINDOW_S = 10
MEAN_SHARE = 0.75
EARLIEST_SHARE, LATEST_SHARE = 0.6, 0.9
NEARBY_S = 2

Crowd = Callable[[float], int]
"""How many renewals are planned already within two seconds of a moment."""
Draw = Callable[[random.Random, float, float, Crowd], float]
"""The next renewal time, given when the grant was issued, how long it lives, and the crowd; all in seconds."""


def fixed_share(_dice: random.Random, issued: float, life: float, _crowd: Crowd) -> float:
    """Always at the same part of the life."""
    return issued + life * MEAN_SHARE


def ten_per_cent(dice: random.Random, issued: float, life: float, _crowd: Crowd) -> float:
    """The same, plus or minus 10 %."""
    return issued + life * MEAN_SHARE * dice.uniform(0.9, 1.1)


def wide(dice: random.Random, issued: float, life: float, _crowd: Crowd) -> float:
    """Anywhere between 60 and 90 % of the life."""
    return issued + life * dice.uniform(EARLIEST_SHARE, LATEST_SHARE)


def best_of_two(dice: random.Random, issued: float, life: float, crowd: Crowd) -> float:
    """The less crowded of two such times."""
    return min((wide(dice, issued, life, crowd) for _ in range(2)), key=crowd)


DRAWINGS = {
    "none (75 % of the life)": fixed_share,
    "+-10 %": ten_per_cent,
    "60-90 %": wide,
    "60-90 %, best of two": best_of_two,
}


def simulate(draw: Draw, *, accounts: int, within_s: float, life_s: float, length_s: int, seed: int) -> list[float]:
    """The moments of all renewals in a run whose accounts were connected at its beginning, in their order."""
    dice, planned = random.Random(seed), [0] * (length_s + int(2 * life_s))

    def crowd(moment: float) -> int:
        return sum(planned[int(moment) - NEARBY_S : int(moment) + NEARBY_S + 1])

    def plan(issued: float) -> float:
        moment = draw(dice, issued, life_s, crowd)
        planned[int(moment)] += 1
        return moment

    waiting = [plan(dice.uniform(0, within_s)) for _ in range(accounts)]
    heapq.heapify(waiting)
    moments: list[float] = []
    while waiting[0] < length_s:
        moments.append(waiting[0])
        heapq.heapreplace(waiting, plan(waiting[0]))
    return moments


def peak_over_mean(moments: Sequence[float], *, since: float, until: float) -> float:
    """The fullest 10 seconds, beginning at any full second, over the mean of all; 0 where nothing happened."""
    seconds = [0] * (int(until - since) + 1)
    counted = [moment for moment in moments if since <= moment < until]
    for moment in counted:
        seconds[int(moment - since)] += 1
    sums = [0, *accumulate(seconds)]
    peak = max(after - before for before, after in zip(sums, sums[WINDOW_S:], strict=False))
    return peak / (len(counted) * WINDOW_S / (until - since)) if counted else 0.0
