"""The signed message."""

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook
from tests.vault.samples import account, death

from evergrant.events.message import message, new_secret, trial
from evergrant.model.clock import SystemClock
from evergrant.model.event import reauth_required

NOW = datetime(2026, 5, 25, 8, tzinfo=UTC)


def test_a_secret_is_as_long_as_the_specification_wants_and_another_one_each_time() -> None:
    text = new_secret().reveal()
    assert text.startswith("whsec_")
    assert 24 <= len(base64.b64decode(text.removeprefix("whsec_"), validate=True)) <= 64
    assert text != new_secret().reveal()


def test_the_library_verifies_each_of_two_signatures_and_no_other_key() -> None:
    keys, other = (new_secret(), new_secret()), new_secret()
    told = message(death(account()))
    headers = dict(told.headers(keys, SystemClock().now()))
    for key in keys:
        Webhook(key.reveal()).verify(told.body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(other.reveal()).verify(told.body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(keys[0].reveal()).verify(told.body.replace("acme", "evil"), headers)


@pytest.mark.parametrize("alias", ["x" * 100_000, "\U0001f600" * 100_000, '"\\' * 50_000, "a\ud800b", "é\x00\x1b"])
def test_a_body_is_below_20_kb_and_can_be_signed_whatever_an_account_is_called(alias: str) -> None:
    named = account(alias=alias)
    told = message(reauth_required(named, "e" * 80, "grant_evicted", "https://grants.example/" + "l" * 1500, NOW))
    assert len(told.body.encode()) < 20_000
    key = new_secret()
    Webhook(key.reveal()).verify(told.body, dict(told.headers([key], SystemClock().now())))


def test_a_trial_says_that_it_is_one() -> None:
    told = trial("tnt_a", NOW)
    assert '"type": "webhook.test"' in told.body
    assert told.id.startswith("evt_")
