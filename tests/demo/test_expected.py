from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evergrant.demo.expected import Lives, Stretch, bounds
from evergrant.tokens.policy import EARLIEST_SHARE, LATEST_SHARE

LIFE_S = 1800.0


def refreshes(length_s: float, shares: list[float], pause: tuple[float, float]) -> int:
    """How often a grant is renewed in a stretch, one share of the life after another, and never within the pause."""
    begin, end = pause
    now = 0.0
    for made, share in enumerate(shares):
        due = now + share * LIFE_S
        now = end if begin < due < end else due
        if now > length_s:
            return made
    raise AssertionError("not enough shares for the stretch")


@given(
    length_s=st.floats(0, 20 * LIFE_S),
    shares=st.lists(st.floats(EARLIEST_SHARE, LATEST_SHARE), min_size=40, max_size=40),
    begin=st.floats(0, 20 * LIFE_S),
    pause_s=st.floats(0, 6 * LIFE_S),
)
def test_no_choice_of_renewal_times_leaves_the_bounds(
    length_s: float, shares: list[float], begin: float, pause_s: float
) -> None:
    begin = min(begin, length_s)
    end = min(begin + pause_s, length_s)
    least, most = bounds(LIFE_S, Stretch(length_s, (end - begin,)))
    assert least <= refreshes(length_s, shares, (begin, end)) <= most


def test_a_day_of_half_hours_takes_53_to_80_refreshes() -> None:
    assert bounds(LIFE_S, Stretch(86_400)) == (53, 80)


def test_time_without_a_grant_demands_no_refresh() -> None:
    lives, start = Lives(), datetime(2026, 5, 25, tzinfo=UTC)
    lives.begin("crm", start)
    lives.end("crm", start + timedelta(hours=3))
    lives.begin("crm", start + timedelta(hours=20))
    lives.end("crm", start + timedelta(hours=23))
    least, most = bounds(LIFE_S, Stretch(3 * 3600))
    assert lives.bounds("crm", LIFE_S) == (2 * least, 2 * most)
