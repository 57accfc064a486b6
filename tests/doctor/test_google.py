from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.doctor.samples import ACCOUNT, GRANT, NOW, levels, only, vault
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.doctor.google import testing_mode as in_testing
from evergrant.model.account import ConnectedAccount
from evergrant.model.event import Event, reauth_completed, reauth_required
from evergrant.vault.overview import Overview

CATALOG = Catalog([ROOT]).connectors()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEGUN = NOW - 20 * DAY
SHEETS = replace(ACCOUNT, connector="google_sheets", created_at=BEGUN)


def died(at: datetime, code: str = "invalid_grant") -> Event:
    return reauth_required(SHEETS, code, "revoked", "http://localhost/reconnect", at)


def seen(
    *events: Event, consented_at: datetime = BEGUN, account: ConnectedAccount = SHEETS, dead: bool = True
) -> Overview:
    return replace(vault(account, consented_at=consented_at, dead=dead), events=events)


@pytest.mark.parametrize(
    ("events", "level"),
    [
        ([], "ok"),
        ([died(BEGUN + 7 * DAY + HOUR)], "warning"),
        ([died(BEGUN + 6 * DAY)], "ok"),
        ([died(BEGUN + 9 * DAY)], "ok"),
        ([died(BEGUN + 7 * DAY, "invalid_client")], "ok"),
        ([died(BEGUN + 2 * DAY), reauth_completed(SHEETS, BEGUN + 5 * DAY), died(BEGUN + 12 * DAY)], "warning"),
        ([died(BEGUN + 2 * DAY), reauth_completed(SHEETS, BEGUN + 5 * DAY), died(BEGUN + 7 * DAY)], "ok"),
    ],
)
def test_a_death_by_invalid_grant_a_week_after_the_consent_looks_like_status_testing(
    events: list[Event], level: str
) -> None:
    assert levels(in_testing(seen(*events), CATALOG, NOW)) == [level]


def test_what_to_do_is_to_publish_and_to_sign_in_once_more() -> None:
    advice = only(in_testing(seen(died(BEGUN + 7 * DAY)), CATALOG, NOW)).what_to_do or ""

    assert "Publish the app" in advice
    assert "Internal" in advice
    assert "evergrant reauth acme" in advice


@pytest.mark.parametrize(("age", "level"), [(1 * DAY, "warning"), (9 * DAY, "ok")])
def test_a_grant_that_outlives_a_week_ends_the_suspicion(age: timedelta, level: str) -> None:
    consented = NOW - age
    past = (died(BEGUN + 7 * DAY), reauth_completed(SHEETS, consented))
    assert levels(in_testing(seen(*past, consented_at=consented, dead=False), CATALOG, NOW)) == [level]


@pytest.mark.parametrize(
    ("life", "level"), [(None, "ok"), (7 * DAY, "warning"), (3 * DAY, "warning"), (30 * DAY, "ok")]
)
def test_an_answer_that_names_seven_days_warns_before_the_death(life: timedelta | None, level: str) -> None:
    consented = NOW - DAY
    held = replace(GRANT, account=SHEETS, consented_at=consented, refresh_expires_at=consented + life if life else None)

    found = list(in_testing(Overview([], [SHEETS], [held], []), CATALOG, NOW))

    assert levels(found) == [level]
    assert life != 7 * DAY or "2026-12-01 12:00 UTC" in found[0].what


def test_other_providers_are_not_suspected() -> None:
    other = replace(ACCOUNT, created_at=BEGUN)
    assert list(in_testing(seen(died(BEGUN + 7 * DAY), account=other), CATALOG, NOW)) == []
