"""Two hours without a token endpoint: calls go on while tokens live, nobody is bothered, and all recover at once."""

import pytest
from tests.day.outage import Endured, Outage, endure
from tests.day.virtual_loop import run
from tests.fakes.quick_folder import quick_folder

MOST_ATTEMPTS = 12
MOST_IN_FLIGHT = 8


@pytest.fixture(scope="module", params=Outage)
def endured(request: pytest.FixtureRequest) -> Endured:
    """Played once for all tests: three providers, five accounts of each."""
    with quick_folder() as folder:
        return run(endure(folder, request.param, accounts_each=5))


def test_an_outage_costs_no_grant(endured: Endured) -> None:
    assert endured.reauth_events == 0
    assert (endured.expired_sends, endured.double_exchanges) == (0, 0)


def test_all_are_renewed_within_a_minute_of_its_return(endured: Endured) -> None:
    assert endured.not_recovered == 0


def test_calls_go_on_while_tokens_live_and_then_say_why_not(endured: Endured) -> None:
    assert set(endured.alive) == {"ok"}
    assert endured.ended["provider_unavailable"] > 0
    assert set(endured.ended) <= {"ok", "provider_unavailable"}


def test_an_outage_is_met_with_patience(endured: Endured) -> None:
    assert endured.most_attempts <= MOST_ATTEMPTS
    assert endured.most_in_flight <= MOST_IN_FLIGHT
