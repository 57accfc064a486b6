"""A token bucket for each key: a burst, then a steady rate, and nothing remembered of a key that is at rest."""

from collections import deque
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import ManualClock

from evergrant.tokens.pace import CONNECTION_BURST, CONNECTION_RATE_PER_S, Pace, connection_pace, host_pace


def new_clock() -> ManualClock:
    return ManualClock(datetime(2026, 5, 25, tzinfo=UTC))


@pytest.fixture
def clock() -> ManualClock:
    return new_clock()


@pytest.fixture
def pace(clock: ManualClock) -> Pace:
    return Pace(clock, rate_per_s=2, burst=3)


def taken_at_once(pace: Pace, key: str) -> int:
    count = 0
    while not pace.take(key):
        count += 1
    return count


def test_a_bucket_gives_a_burst_and_then_says_how_long_to_wait(pace: Pace) -> None:
    assert [pace.take("a") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]


def test_the_wait_that_was_named_is_enough(pace: Pace, clock: ManualClock) -> None:
    taken_at_once(pace, "a")
    clock.advance(pace.take("a"))

    assert taken_at_once(pace, "a") == 1


def test_asking_for_the_wait_takes_nothing(pace: Pace) -> None:
    assert [pace.wait_s("a") for _ in range(10)] == [0] * 10
    assert taken_at_once(pace, "a") == 3


def test_an_idle_bucket_fills_to_its_burst_and_no_further(pace: Pace, clock: ManualClock) -> None:
    taken_at_once(pace, "a")
    clock.advance(1)
    assert taken_at_once(pace, "a") == 2
    clock.advance(3600)
    assert taken_at_once(pace, "a") == 3


def test_each_key_has_a_bucket_of_its_own(pace: Pace) -> None:
    taken_at_once(pace, "a")

    assert taken_at_once(pace, "b") == 3


def test_a_bucket_that_is_full_again_is_forgotten(pace: Pace, clock: ManualClock) -> None:
    for number in range(1000):
        taken_at_once(pace, f"host {number}")
        clock.advance(1)

    assert len(pace) <= 4


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3)), max_size=80))
def test_no_key_gets_more_than_its_burst_and_its_rate_in_any_stretch_of_time(asked: list[tuple[str, float]]) -> None:
    clock, taken = new_clock(), deque[tuple[str, float]]()
    pace = Pace(clock, rate_per_s=2, burst=3)
    for key, pause in asked:
        clock.advance(pause)
        if not pace.take(key):
            taken.append((key, clock.monotonic()))

    for key in "ab":
        times = [at for name, at in taken if name == key]
        for first in range(len(times)):
            for last in range(first, len(times)):
                assert last - first + 1 <= 3 + 2 * (times[last] - times[first]) + 1e-3


def test_a_thousand_accounts_of_one_connection_that_wake_together_drain_in_minutes_without_a_storm() -> None:
    clock = new_clock()
    host, connection = host_pace(clock), connection_pace(clock)
    taken = list[float]()
    while len(taken) < 1000:
        wait = max(host.wait_s("host"), connection.wait_s("connection"))
        if wait:
            clock.advance(wait)
        else:
            assert (host.take("host"), connection.take("connection")) == (0, 0)
            taken.append(clock.monotonic())

    assert 60 < taken[-1] < 240
    in_one_second = max(sum(at <= other < at + 1 for other in taken) for at in taken)
    assert in_one_second <= CONNECTION_BURST + CONNECTION_RATE_PER_S
