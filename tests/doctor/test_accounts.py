from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.doctor.samples import ACCOUNT, GRANT, NOW, levels, only, unknown_commands, vault
from tests.oauth.samples import ROOT

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector, GrantPolicy
from evergrant.doctor.accounts import Circumstances, accounts
from evergrant.vault.overview import Overview

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HUBSPOT = Catalog([ROOT]).connector("hubspot")


def around(policy: Mapping[str, int] | None = None, *, serving: bool = True) -> Circumstances:
    limits = GrantPolicy.model_validate({"source": "s", "verified_on": "2026-11-23", **(policy or {})})
    connector: Connector = HUBSPOT.model_copy(update={"grant": limits})
    return Circumstances(NOW, serving, "Restart it: kill 7 && evergrant serve", {"hubspot": connector})


def test_accounts_in_order_are_one_line() -> None:
    assert levels(accounts(vault(), around())) == ["ok"]
    assert levels(accounts(Overview(), around())) == ["ok"]


def test_a_dead_account_names_the_command_and_the_cause() -> None:
    dead = replace(ACCOUNT, state="reauth_required", cause="revoked")
    found = only(accounts(vault(dead, dead=True), around()))
    assert (found.level, found.what_to_do) == ("problem", "evergrant reauth acme")
    assert "revoked" in found.what


def test_a_revoked_account_is_a_note() -> None:
    stopped = vault(replace(ACCOUNT, state="revoked"), refresh_at=NOW - DAY)
    assert levels(accounts(stopped, around())) == ["note", "ok"]


@pytest.mark.parametrize(
    ("grant", "serving", "level", "said", "advice"),
    [
        ({"refresh_at": NOW - timedelta(minutes=14)}, True, "ok", "", ""),
        ({"refresh_at": NOW - HOUR}, False, "warning", "2026-11-25 11:00 UTC", "evergrant serve"),
        ({"refresh_at": NOW - HOUR}, True, "problem", "the server that runs", "kill 7 && evergrant serve"),
        ({"attempts": 3, "last_error": "http_503"}, True, "warning", "3 attempts", "evergrant accounts show acme"),
        ({"attempts": 3, "last_error": "x", "expires_at": NOW - DAY}, True, "problem", "has ended", "accounts show"),
        ({"attempts": 1, "last_error": "x", "expires_at": None}, True, "warning", "still works", "accounts show"),
        ({"intent_at": NOW - timedelta(minutes=59)}, True, "ok", "", ""),
        ({"intent_at": NOW - 2 * HOUR}, True, "warning", "its end is not known", "evergrant reauth acme"),
        ({"intent_at": NOW - 2 * HOUR}, False, "warning", "may be spent", "evergrant serve"),
    ],
)
def test_a_grant_that_is_not_renewed_says_why_and_since_when(
    grant: dict[str, Any], serving: bool, level: str, said: str, advice: str
) -> None:
    [found] = accounts(vault(**grant), around(serving=serving))

    assert found.level == level
    assert said in found.what
    assert advice in (found.what_to_do or "")
    assert unknown_commands(found.what_to_do or "") == []


@pytest.mark.parametrize(
    ("policy", "grant", "level", "said"),
    [
        ({"refresh_token_absolute_s": 90 * 86400}, {"consented_at": NOW - 80 * DAY}, "ok", ""),
        ({"refresh_token_absolute_s": 90 * 86400}, {"consented_at": NOW - 84 * DAY}, "warning", "however much"),
        ({"refresh_token_absolute_s": 90 * 86400}, {"consented_at": NOW - 91 * DAY}, "warning", "ended at"),
        ({"refresh_token_absolute_s": 10 * 86400}, {"consented_at": NOW - 7 * DAY}, "ok", ""),
        ({"refresh_token_absolute_s": 10 * 86400}, {"consented_at": NOW - 8.5 * DAY}, "warning", "however much"),
        ({}, {"refresh_expires_at": NOW + DAY, "consented_at": NOW - 6 * DAY}, "warning", "2026-11-26 12:00 UTC"),
        ({}, {"refresh_expires_at": NOW + 6 * DAY, "consented_at": NOW - DAY}, "ok", ""),
        ({"refresh_token_idle_s": 30 * 86400}, {"issued_at": NOW - DAY}, "ok", ""),
        ({"refresh_token_idle_s": 30 * 86400}, {"issued_at": NOW - 27 * DAY}, "warning", "unless it is used"),
        ({"refresh_token_idle_s": 30 * 86400}, {"issued_at": NOW - 27 * DAY, "renewable": False}, "ok", ""),
        ({}, {"issued_at": NOW - 900 * DAY}, "ok", ""),
    ],
)
def test_the_known_end_of_a_refresh_token_is_told_when_it_is_near(
    policy: dict[str, int], grant: dict[str, Any], level: str, said: str
) -> None:
    [found] = accounts(vault(**grant), around(policy))

    assert found.level == level
    assert said in found.what
    assert unknown_commands(found.what_to_do or "") == []


def test_while_a_provider_is_in_trouble_its_accounts_wait_for_it_and_not_for_a_restart() -> None:
    late = replace(GRANT, refresh_at=NOW - HOUR)
    failing = replace(GRANT, attempts=3, last_error="http_503")
    found = list(accounts(replace(vault(), grants=[late, failing]), around()))

    assert levels(found) == ["warning", "warning"]
    assert "evergrant accounts show acme" in (found[0].what_to_do or "")


def test_a_renewal_that_came_late_is_a_note() -> None:
    assert levels(accounts(vault(orphan=True), around())) == ["note", "ok"]


def test_an_account_of_a_connector_that_is_gone_is_still_judged() -> None:
    nothing = replace(around(), connectors={})
    assert only(accounts(vault(refresh_at=NOW - DAY), nothing)).level == "problem"
