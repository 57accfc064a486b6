from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.model.grant import Grant, leeway, renewal_time
from evergrant.model.secret import Secret

ISSUED = datetime(2027, 1, 1, tzinfo=UTC)
LIVES = st.timedeltas(timedelta(seconds=1), timedelta(days=3650))


def lasting(life: timedelta | None) -> Grant:
    ends = None if life is None else ISSUED + life
    return Grant(1, Secret("access"), Secret("refresh"), ISSUED, ends, None)


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        (timedelta(hours=1), timedelta(minutes=3)),
        (timedelta(minutes=10), timedelta(seconds=30)),
        (timedelta(minutes=5), timedelta(seconds=30)),
        (timedelta(seconds=3), timedelta(seconds=1.2)),
        (timedelta(0), timedelta(0)),
        (timedelta(seconds=-5), timedelta(0)),
    ],
)
def test_the_leeway_is_30_s_or_5_percent_and_never_more_than_40_percent(life: timedelta, expected: timedelta) -> None:
    assert leeway(ISSUED, ISSUED + life) == expected


@pytest.mark.parametrize("life", [timedelta(minutes=5), timedelta(seconds=3)])
def test_a_short_token_is_usable_for_most_of_its_life(life: timedelta) -> None:
    grant = lasting(life)
    assert grant.usable(ISSUED)
    assert grant.usable(ISSUED + life * 0.59)
    assert not grant.usable(ISSUED + life * 0.95)


@given(life=LIVES, share=st.floats(-0.5, 1.5))
def test_what_is_usable_is_not_expired(life: timedelta, share: float) -> None:
    grant, now = lasting(life), ISSUED + life * share
    assert not (grant.usable(now) and grant.expired(now))


@given(life=LIVES)
def test_a_fresh_token_is_usable(life: timedelta) -> None:
    assert lasting(life).usable(ISSUED)


def test_a_token_is_expired_from_its_very_end() -> None:
    grant = lasting(timedelta(hours=1))
    assert not grant.expired(ISSUED + timedelta(hours=1, microseconds=-1))
    assert grant.expired(ISSUED + timedelta(hours=1))


def test_a_token_without_a_known_end_is_always_usable() -> None:
    grant = lasting(None)
    assert grant.usable(ISSUED + timedelta(days=5000))
    assert not grant.expired(ISSUED + timedelta(days=5000))


@pytest.mark.parametrize("life", [timedelta(days=60), timedelta(seconds=3)])
def test_a_token_that_nothing_can_renew_is_usable_to_its_end(life: timedelta) -> None:
    grant = replace(lasting(life), refresh_token=None)
    assert grant.usable(ISSUED + life - timedelta(microseconds=1))
    assert not grant.usable(ISSUED + life)
    assert replace(lasting(None), refresh_token=None).usable(ISSUED + life)


@given(life=LIVES, share=st.floats(0.6, 0.9))
def test_the_renewal_lies_inside_the_life(life: timedelta, share: float) -> None:
    renewal = renewal_time(ISSUED, ISSUED + life, share)
    assert renewal is not None
    assert ISSUED + life * 0.59 < renewal < ISSUED + life * 0.91
