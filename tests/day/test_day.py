"""A day passes under a virtual clock, and the provider counts; `scripts/day` plays it with 1,000 accounts."""

from pathlib import Path

import pytest
from tests.day.draws import planned
from tests.day.playing import Played, Size, play
from tests.day.virtual_loop import run

A_DAY = Size(accounts=24, calls=1200, hours=24)


def test_a_day_of_every_policy_and_life_breaks_no_promise(folder: Path) -> None:
    played = run(play(folder, A_DAY))

    assert played.broken() == []
    # A day without exchanges would break no promise either.
    assert played.exchanges > 20 * A_DAY.accounts


def test_the_plan_is_what_the_drawn_lengths_come_to() -> None:
    assert planned([100, 200, 150], 350) == 2
    assert planned([100, 200, 150], 450) == 3
    assert planned([1000], 350) == 0


def test_exchanges_that_come_too_early_do_not_make_the_plan_larger() -> None:
    assert planned([100] * 10, 350) == 3


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (Played(A_DAY, calls=9, api_ok=9, expired_sends=1), "1 calls were sent with an expired token"),
        (Played(A_DAY, calls=9, api_ok=9, double_exchanges=1), "1 spent refresh tokens were presented"),
        (Played(A_DAY, calls=9, api_ok=9, exchanges=106, plan=100), "106 exchanges are not the 100 of the plan"),
        (Played(A_DAY, calls=9, api_ok=9, exchanges=94, plan=100), "94 exchanges are not the 100 of the plan"),
        (Played(A_DAY, calls=9, api_ok=8), "8 of 9 calls arrived"),
        (Played(A_DAY, calls=9, api_ok=9, most_in_flight=9), "9 exchanges were in flight at once"),
    ],
)
def test_a_broken_promise_is_named(broken: Played, words: str) -> None:
    assert broken.broken() == [words]
