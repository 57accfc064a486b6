"""A connection whose provider is in trouble is left alone but for probes, and used again once one is answered."""

import random
from datetime import UTC, datetime

import pytest
from tests.fakes.clock import ManualClock
from tests.tokens.token_host import connector

from evergrant.model.account import Connection
from evergrant.oauth.endpoint import Client
from evergrant.tokens.breaker import LONGEST_PROBE_S, OPENS_AFTER, PROBE_S, Breakers

NOW = datetime(2026, 5, 25, tzinfo=UTC)


def client(connection_id: str = "client_a") -> Client:
    connection = Connection(connection_id, "tnt_a", "sandbox", "id", None, "http://localhost/callback", (), NOW)
    return Client(connector(), connection, {})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def breakers(clock: ManualClock) -> Breakers:
    return Breakers(clock, random.Random(1))


def open_it(breakers: Breakers, connection_id: str = "client_a") -> None:
    for _ in range(OPENS_AFTER):
        breakers.failed(client(connection_id))


def probed(breakers: Breakers) -> list[str]:
    return [each.connection.id for each in breakers.probe_due()]


def test_a_connection_that_never_failed_is_admitted_and_not_remembered(breakers: Breakers) -> None:
    assert breakers.admits("client_a")
    assert (breakers.wait_s("client_a"), breakers.next_probe_s(), len(breakers)) == (0, None, 0)


def test_three_failures_in_a_row_open_it_and_two_do_not(breakers: Breakers) -> None:
    for _ in range(2):
        breakers.failed(client())
        assert breakers.admits("client_a")
    breakers.failed(client())

    assert not breakers.admits("client_a")


def test_a_success_in_between_makes_the_count_begin_again(breakers: Breakers) -> None:
    for _ in range(10):
        breakers.failed(client())
        breakers.failed(client())
        breakers.succeeded("client_a")

    assert breakers.admits("client_a")
    assert len(breakers) == 0


def test_other_connections_stay_admitted(breakers: Breakers) -> None:
    open_it(breakers)

    assert breakers.admits("client_b")


def test_a_probe_is_due_within_thirty_seconds_and_only_then(breakers: Breakers, clock: ManualClock) -> None:
    open_it(breakers)
    wait = breakers.wait_s("client_a")

    assert PROBE_S * 0.8 <= wait <= PROBE_S
    assert breakers.next_probe_s() == wait
    clock.advance(wait - 0.1)
    assert probed(breakers) == []
    clock.advance(0.2)
    assert probed(breakers) == ["client_a"]


def test_a_probe_without_an_answer_is_followed_by_another(breakers: Breakers, clock: ManualClock) -> None:
    open_it(breakers)
    probes = 0
    for _ in range(7200):
        clock.advance(1)
        probes += len(breakers.probe_due())
        assert not breakers.admits("client_a")

    assert 7200 / PROBE_S - 1 <= probes <= 7200 / (PROBE_S * 0.8) + 1


def test_failures_that_arrive_late_do_not_put_the_probe_off(breakers: Breakers, clock: ManualClock) -> None:
    open_it(breakers)
    wait = breakers.wait_s("client_a")
    clock.advance(15)
    breakers.failed(client())

    assert breakers.wait_s("client_a") == pytest.approx(wait - 15)


def test_probes_of_many_connections_drift_apart(breakers: Breakers) -> None:
    for number in range(20):
        open_it(breakers, f"client_{number}")

    assert len({round(breakers.wait_s(f"client_{number}"), 3) for number in range(20)}) > 15


def test_an_answered_probe_lets_exchanges_through_again(breakers: Breakers, clock: ManualClock) -> None:
    open_it(breakers)
    clock.advance(PROBE_S)
    breakers.answered("client_a")

    assert breakers.admits("client_a")
    assert breakers.next_probe_s() is None
    breakers.succeeded("client_a")
    assert len(breakers) == 0


def test_an_exchange_that_fails_on_trial_opens_it_at_once_and_for_longer(
    breakers: Breakers, clock: ManualClock
) -> None:
    open_it(breakers)
    waits = list[float]()
    for _ in range(10):
        breakers.answered("client_a")
        breakers.failed(client())
        assert not breakers.admits("client_a")
        waits.append(breakers.wait_s("client_a"))
        clock.advance(waits[-1])

    assert 2 * PROBE_S * 0.8 <= waits[0] <= 2 * PROBE_S
    assert LONGEST_PROBE_S * 0.8 <= waits[-1] <= LONGEST_PROBE_S


def test_an_answer_for_a_connection_that_is_not_open_changes_nothing(breakers: Breakers) -> None:
    breakers.failed(client())
    breakers.answered("client_a")
    breakers.answered("client_b")
    breakers.failed(client())

    assert breakers.admits("client_a")


def test_where_nobody_probes_one_exchange_now_and_then_takes_its_place(breakers: Breakers, clock: ManualClock) -> None:
    open_it(breakers)
    admitted = 0
    for _ in range(3600):
        clock.advance(1)
        if breakers.admits("client_a"):
            breakers.begun("client_a")
            admitted += 1

    assert 3600 / (2 * PROBE_S) - 1 <= admitted <= 3600 / (2 * PROBE_S * 0.8)


def test_the_latest_client_is_the_one_to_probe_with(breakers: Breakers, clock: ManualClock) -> None:
    open_it(breakers)
    latest = client()
    breakers.failed(latest)
    clock.advance(PROBE_S)

    assert breakers.probe_due()[0] is latest
