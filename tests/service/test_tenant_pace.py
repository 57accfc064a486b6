"""How many requests a tenant may make: counted on a clock that moves only when told to."""

from datetime import UTC, datetime

import pytest
from tests.fakes.clock import ManualClock

from evergrant.model.tenant import Rate
from evergrant.service.tenant_pace import LOOK_AGAIN_S, TenantPace
from evergrant.store.database import StoreUnavailable


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 5, 25, tzinfo=UTC))


@pytest.fixture
def rates() -> dict[str, Rate | None]:
    return {"acme": Rate(10, 5), "globex": Rate(10, 5), "local": None}


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def pace(clock: ManualClock, rates: dict[str, Rate | None], asked: list[str]) -> TenantPace:
    def rate_of(tenant_id: str) -> Rate | None:
        asked.append(tenant_id)
        return rates[tenant_id]

    return TenantPace(clock, rate_of, Rate(1, 1))


def admitted(pace: TenantPace, tenant_id: str, tries: int) -> int:
    return sum(not pace.take(tenant_id) for _ in range(tries))


def test_a_burst_is_let_in_and_then_as_many_a_second_as_the_limit_says(pace: TenantPace, clock: ManualClock) -> None:
    assert admitted(pace, "acme", 100) == 5
    assert pace.take("acme") == pytest.approx(0.1)
    clock.advance(1)
    assert admitted(pace, "acme", 100) == 5
    for _ in range(10):
        clock.advance(0.1)
        assert admitted(pace, "acme", 3) == 1


def test_the_flood_of_one_takes_nothing_from_another(pace: TenantPace) -> None:
    assert admitted(pace, "acme", 10_000) == 5
    assert admitted(pace, "globex", 5) == 5


def test_without_a_limit_everything_is_let_in(pace: TenantPace) -> None:
    assert admitted(pace, "local", 10_000) == 10_000


def test_knocks_are_counted_apart_and_are_twice_as_many(pace: TenantPace, clock: ManualClock) -> None:
    knocks = [pace.knock("acme") for _ in range(100)]
    assert knocks.count(0) == 10
    assert knocks[-1] == pytest.approx(0.05)
    assert admitted(pace, "acme", 100) == 5
    clock.advance(1)
    assert [pace.knock("acme") for _ in range(100)].count(0) == 10
    assert pace.knock("local") == 0


def test_a_flood_that_goes_on_gets_what_its_limit_says(pace: TenantPace, clock: ManualClock) -> None:
    let_in = 0
    for _ in range(1000):
        clock.advance(0.01)
        let_in += not pace.knock("acme") and not pace.take("acme")
    assert 95 <= let_in <= 110


def test_a_limit_is_read_once_in_ten_seconds_and_then_as_it_has_become(
    pace: TenantPace, clock: ManualClock, rates: dict[str, Rate | None], asked: list[str]
) -> None:
    admitted(pace, "acme", 100)
    rates["acme"] = None
    clock.advance(LOOK_AGAIN_S / 2)
    assert admitted(pace, "acme", 100) == 5
    clock.advance(LOOK_AGAIN_S / 2)
    assert admitted(pace, "acme", 100) == 100
    assert asked == ["acme", "acme"]


def test_while_the_vault_cannot_be_read_the_last_limit_holds_and_the_usual_one_for_newcomers(
    clock: ManualClock, rates: dict[str, Rate | None]
) -> None:
    gone = False

    def rate_of(tenant_id: str) -> Rate | None:
        if gone:
            raise StoreUnavailable("gone")
        return rates[tenant_id]

    pace = TenantPace(clock, rate_of, Rate(1, 1))
    admitted(pace, "acme", 1)
    clock.advance(LOOK_AGAIN_S)
    gone = True
    assert admitted(pace, "acme", 100) == 5
    assert admitted(pace, "globex", 100) == 1


def test_only_tenants_of_the_last_seconds_are_remembered(clock: ManualClock) -> None:
    pace = TenantPace(clock, lambda _: Rate(10, 5))
    for number in range(1000):
        pace.take(f"tnt_{number}")
        clock.advance(1)
    assert pace.remembered <= LOOK_AGAIN_S + 1
