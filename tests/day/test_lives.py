"""How often real token lives make a grant be renewed in a run of 6 and of 12 hours."""

from pathlib import Path

import pytest
from tests.day.lives import Refreshes, refreshes
from tests.day.services import GOOGLE, HUBSPOT, SALESFORCE, SALESFORCE_SHORTEST, SLACK, Life
from tests.day.virtual_loop import run


@pytest.mark.parametrize(
    ("life", "six_hours", "twelve_hours"),
    [(HUBSPOT, 12, 24), (GOOGLE, 6, 12), (SALESFORCE_SHORTEST, 24, 48), (SALESFORCE, 3, 6), (SLACK, 0, 1)],
)
def test_tokens_used_until_they_expire_need_the_known_number_of_refreshes(
    life: Life, six_hours: int, twelve_hours: int
) -> None:
    assert Refreshes(life, 6, ()).at_expiry == six_hours
    assert Refreshes(life, 12, ()).at_expiry == twelve_hours


def test_renewing_ahead_of_time_costs_what_60_to_90_per_cent_of_a_life_implies(folder: Path) -> None:
    counted = run(refreshes(folder, accounts_each=3))

    assert {(each.life.provider, each.hours): each.bounds for each in counted} == {
        ("hubspot", 6): (13, 20),
        ("google", 6): (6, 10),
        ("salesforce15", 6): (26, 40),
        ("salesforce", 6): (3, 5),
        ("slack", 6): (0, 0),
        ("hubspot", 12): (26, 40),
        ("google", 12): (13, 20),
        ("salesforce15", 12): (53, 80),
        ("salesforce", 12): (6, 10),
        ("slack", 12): (1, 1),
    }
    for each in counted:
        least, most = each.bounds
        assert all(least <= refreshed <= most for refreshed in each.measured), each
