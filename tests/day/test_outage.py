"""Two hours without a token endpoint: calls go on while tokens live, nobody is bothered, and all recover at once."""

from pathlib import Path

import pytest
from tests.day.outage import Outage, endure
from tests.day.virtual_loop import run

MOST_ATTEMPTS = 12


@pytest.mark.parametrize("outage", Outage)
def test_an_outage_of_two_hours_costs_no_grant_and_is_over_when_it_is_over(tmp_path: Path, outage: Outage) -> None:
    endured = run(endure(tmp_path, outage, accounts_each=2))

    assert endured.reauth_events == 0
    assert set(endured.alive) == {"ok"}
    assert endured.ended["provider_unavailable"] > 0
    assert set(endured.ended) <= {"ok", "provider_unavailable"}
    assert endured.most_attempts <= MOST_ATTEMPTS
    assert endured.not_recovered == 0
    assert (endured.expired_sends, endured.double_exchanges) == (0, 0)
    assert endured.most_in_flight <= 8
