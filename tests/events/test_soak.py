"""A few kills of those who deliver, and a receiver that fails half the time; `scripts/soak-webhooks` does more."""

from pathlib import Path

from tests.events.soaking import Count, soak


def test_nothing_is_lost_or_unsigned_when_dispatchers_are_killed_and_the_receiver_fails(tmp_path: Path) -> None:
    count = soak(tmp_path / "home", events=200, kills=5, seed=1)
    assert count.kills == 5
    assert len(set(count.written)) == 200
    assert count.refused > 50
    assert count.is_good, count


def test_each_broken_promise_would_show() -> None:
    assert not Count(written=["evt_1"]).is_good
    assert not Count(unsigned=1).is_good
    twice = Count()
    twice.ids[1] |= {"evt_1", "evt_2"}
    assert not twice.is_good
    other = Count()
    other.bodies["evt_1"] |= {"a", "b"}
    assert not other.is_good
    overtaken = Count()
    overtaken.order["conn_1"] += [2, 1]
    assert not overtaken.is_good
    assert Count().is_good
