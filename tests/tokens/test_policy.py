import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vault.samples import START, account
from tests.vault.samples import grant as sample

from evergrant.catalog.connector import GrantPolicy
from evergrant.model.grant import Grant
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.oauth.endpoint import EXCHANGE_DEADLINE_S
from evergrant.tokens.policy import FIRST_RETRY, LONGEST_RETRY, cause_of_death, floor, last_chance, resend_at, retry_at
from evergrant.vault.grants import Held

SENT = START + timedelta(minutes=40)
SETTLED = SENT + timedelta(seconds=EXCHANGE_DEADLINE_S)
LAST_CHANCE = START + timedelta(minutes=57)


def policy(**changes: Json) -> GrantPolicy:
    return GrantPolicy.model_validate({"source": "https://docs.example/", "verified_on": "2026-11-22", **changes})


def held(grant: Grant | None = None, *, sent: bool = True) -> Held:
    return Held(
        account(),
        account().grant_key,
        grant or sample(),
        dead=False,
        fence=1,
        intent_at=SENT if sent else None,
        attempts=1,
    )


def endless() -> Grant:
    whole = sample()
    return Grant(1, whole.access_token, whole.refresh_token, START, None, None)


@pytest.mark.parametrize("attempts", range(12))
def test_each_failure_doubles_the_wait_up_to_twenty_minutes(attempts: int) -> None:
    wait = retry_at(attempts, START, None) - START
    assert wait == min(timedelta(seconds=10 * 2**attempts), timedelta(minutes=20))


@given(attempts=st.integers(0, 10**6), retry_after=st.none() | st.floats(0, 86_400))
def test_a_retry_comes_never_before_the_providers_own_time(attempts: int, retry_after: float | None) -> None:
    wait = retry_at(attempts, START, retry_after) - START
    assert wait >= FIRST_RETRY
    assert wait <= max(LONGEST_RETRY, timedelta(seconds=retry_after or 0))
    assert wait >= timedelta(seconds=retry_after or 0)


@pytest.mark.parametrize("retry_after", [86_401, 1e12, 1e300, math.inf])
def test_an_absurd_wait_is_capped(retry_after: float) -> None:
    assert retry_at(0, START, retry_after) == START + timedelta(days=1)


@pytest.mark.parametrize("rotation", ["never", "always", "optional", "unknown"])
def test_a_token_that_was_not_sent_is_not_held_back(rotation: str) -> None:
    assert resend_at(policy(rotation=rotation), held(sent=False), SENT) is None


def test_a_token_that_never_rotates_may_be_sent_again_at_once() -> None:
    assert resend_at(policy(rotation="never"), held(), SENT) == SENT


@pytest.mark.parametrize("rotation", ["always", "optional", "unknown"])
def test_inside_a_grace_a_rotating_token_waits_for_the_first_request_to_end(rotation: str) -> None:
    assert resend_at(policy(rotation=rotation, grace_s=60), held(), SENT) == SETTLED


@pytest.mark.parametrize(
    ("changes", "sent", "later", "days", "cause"),
    [
        ({}, False, 0, 1, "revoked"),
        ({"rotation": "always"}, True, 0, 1, "rotation_lost"),
        ({"rotation": "never"}, True, 0, 1, "revoked"),
        ({"refresh_token_idle_s": 86400 * 30}, False, 0, 29, "revoked"),
        ({"refresh_token_idle_s": 86400 * 30}, False, 0, 30, "idle_expired"),
        ({"refresh_token_absolute_s": 86400 * 90}, False, 0, 90, "absolute_expired"),
        ({"grants_per_user_and_client": 5}, False, 4, 1, "revoked"),
        ({"grants_per_user_and_client": 5}, False, 5, 1, "grant_evicted"),
        ({"rotation": "always", "grants_per_user_and_client": 5}, True, 5, 90, "rotation_lost"),
    ],
)
def test_a_death_has_the_cause_that_what_we_know_tells(
    changes: dict[str, Json], sent: bool, later: int, days: int, cause: str
) -> None:
    dead = replace(held(sent=sent), consented_at=START)
    assert cause_of_death(policy(**changes), dead, later, START + timedelta(days=days)) == cause


def test_a_table_that_says_never_is_overruled_by_an_answer_that_brought_another_token() -> None:
    never, sent = policy(rotation="never"), held()
    assert resend_at(never, sent, SENT) == SENT
    assert resend_at(never, replace(sent, previous=sent.grant.refresh_token), SENT) == SENT
    assert resend_at(never, replace(sent, previous=Secret("another")), SENT) == LAST_CHANCE
    assert floor(never, sent, SENT) is None
    assert floor(never, replace(sent, previous=Secret("another")), SENT) == SETTLED


def test_after_its_grace_a_rotating_token_waits_for_the_last_chance() -> None:
    graceful = policy(rotation="always", grace_s=60)
    end = SENT + timedelta(seconds=60)
    assert resend_at(graceful, held(), end - timedelta(microseconds=1)) == SETTLED
    assert resend_at(graceful, held(), end) == LAST_CHANCE


@pytest.mark.parametrize("grace_s", [0, 5, EXCHANGE_DEADLINE_S])
def test_without_enough_grace_a_rotating_token_waits_for_the_last_chance(grace_s: float) -> None:
    assert resend_at(policy(rotation="always", grace_s=int(grace_s)), held(), SENT) == LAST_CHANCE


def test_a_last_chance_that_is_past_leaves_only_the_wait_for_the_first_request() -> None:
    old = sample()
    ended = Grant(1, old.access_token, old.refresh_token, START, START + timedelta(minutes=41), None)
    assert resend_at(policy(rotation="always"), held(ended), SENT) == SETTLED


def test_where_no_end_is_known_there_is_no_last_chance_to_wait_for() -> None:
    assert last_chance(endless()) is None
    assert resend_at(policy(rotation="always"), held(endless()), SENT) == SETTLED


def test_the_last_chance_is_where_a_token_stops_being_usable() -> None:
    grant = sample()
    chance = last_chance(grant)
    assert chance is not None
    assert chance == LAST_CHANCE
    assert grant.usable(chance - timedelta(microseconds=1))
    assert not grant.usable(chance)
