from datetime import timedelta

import pytest
from tests.oauth.samples import NOW, connector, issued

from evergrant.model.json import Json, JsonObject

PRIOR: JsonObject = {"access_token_ttl_s": 7200}


@pytest.mark.parametrize(
    ("expires_in", "life"),
    [
        (3600, timedelta(hours=1)),
        ("3600", timedelta(hours=1)),
        (" 3600 ", timedelta(hours=1)),
        (3599.5, timedelta(seconds=3599.5)),
        (1, timedelta(seconds=1)),
        (10**11, timedelta(days=3650)),
        (10**14, timedelta(days=3650)),
        (0, timedelta(hours=2)),
        (-1, timedelta(hours=2)),
        ("-1", timedelta(hours=2)),
        ("soon", timedelta(hours=2)),
        ("", timedelta(hours=2)),
        ("nan", timedelta(hours=2)),
        ("inf", timedelta(hours=2)),
        (True, timedelta(hours=2)),
        (None, timedelta(hours=2)),
        ([3600], timedelta(hours=2)),
        (10**400, timedelta(hours=2)),
    ],
)
def test_what_is_no_life_leaves_the_connectors_own_figure(expires_in: Json, life: timedelta) -> None:
    assert issued(connector(grant=PRIOR), expires_in=expires_in).expires_at == NOW + life


def test_without_a_figure_of_the_connector_no_end_is_known() -> None:
    assert issued(expires_in="soon").expires_at is None
    assert issued().expires_at is None


def test_zero_without_a_refresh_token_is_no_end() -> None:
    assert issued(connector(grant=PRIOR), expires_in=0, refresh_token=None).expires_at is None


@pytest.mark.parametrize(
    "expires_at",
    [
        "2027-01-01T01:00:00Z",
        "2027-01-01T01:00:00.000000+00:00",
        "2027-01-01T03:00:00+02:00",
        int(NOW.timestamp()) + 3600,
        str(int(NOW.timestamp()) + 3600),
        (int(NOW.timestamp()) + 3600) * 1000,
    ],
)
def test_an_end_may_be_stated_as_a_time(expires_at: Json) -> None:
    assert issued(expires_at=expires_at).expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("expires_at", ["tomorrow", "2027-01-01T01:00:00", "", None, True, {}, -5])
def test_a_time_that_is_none_leaves_the_connectors_own_figure(expires_at: Json) -> None:
    assert issued(connector(grant=PRIOR), expires_at=expires_at).expires_at == NOW + timedelta(hours=2)


def test_a_life_is_believed_before_a_time() -> None:
    assert issued(expires_in=60, expires_at="2027-01-01T01:00:00Z").expires_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("expires_at", [0, "1970-01-01T00:00:00Z", "2026-12-31T23:59:59Z"])
def test_an_end_before_the_request_is_not_believed(expires_at: Json) -> None:
    assert issued(connector(grant=PRIOR), expires_at=expires_at).expires_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize("expires_at", ["9999-12-31T23:59:59Z", 10**11, 10**14])
def test_a_distant_end_is_capped(expires_at: Json) -> None:
    assert issued(connector(grant=PRIOR), expires_at=expires_at).expires_at == NOW + timedelta(days=3650)


@pytest.mark.parametrize("expires_at", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_an_end_outside_the_calendar_is_no_end(expires_at: Json) -> None:
    assert issued(connector(grant=PRIOR), expires_at=expires_at).expires_at == NOW + timedelta(hours=2)
