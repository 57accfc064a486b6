import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.vault.samples import START

from evergrant.model.secret import Secret
from evergrant.vault.authorizations import Authorization, Authorizations
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio
STATE = Secret("state-of-this-consent")
VERIFIER = Secret("verifier-of-this-consent")


def consent(number: int = 1) -> Authorization:
    return Authorization(
        id=f"link_{number}",
        tenant_id="tnt_a",
        connection_id="client_1",
        connector="sandbox",
        account_id=None,
        alias="acme",
        code_verifier=VERIFIER,
        redirect_uri="http://localhost:8484/callback",
        scopes=("crm.read",),
        values={"origin": "http://127.0.0.1:8485"},
        status="pending",
        detail=None,
        created_at=START,
        expires_at=START + timedelta(minutes=10),
    )


@pytest.fixture
async def added(authorizations: Authorizations) -> Authorizations:
    await authorizations.add(consent(), STATE)
    return authorizations


def status(authorizations: Authorizations) -> tuple[str, str | None]:
    found = authorizations.get("tnt_a", "link_1")
    assert found is not None
    return found.status, found.detail


async def test_a_consent_is_found_by_its_state_and_by_its_id(added: Authorizations) -> None:
    assert added.with_state(STATE) == consent()
    assert added.get("tnt_a", "link_1") == consent()


async def test_it_is_found_by_nothing_else(added: Authorizations) -> None:
    assert added.with_state(Secret("another state")) is None
    assert added.get("tnt_b", "link_1") is None
    assert added.get("tnt_a", "link_2") is None


async def test_neither_state_nor_verifier_lies_in_the_file(added: Authorizations, vault: Vault) -> None:
    content = vault.file.read_bytes()
    assert b"link_1" in content
    assert STATE.reveal().encode() not in content
    assert VERIFIER.reveal().encode() not in content


async def test_one_of_many_callers_takes_it(added: Authorizations, opened: Callable[[], Vault]) -> None:
    vault = opened()
    both = (added, Authorizations(vault.database, vault.data_keys))
    taken = await asyncio.gather(*(both[number % 2].take(consent()) for number in range(20)))
    assert sorted(taken) == [False] * 19 + [True]
    assert status(added) == ("taken", None)


async def test_what_came_of_it_is_said_once_it_was_taken(added: Authorizations) -> None:
    await added.finish(consent(), "done", "conn_1")
    assert status(added) == ("pending", None)
    await added.take(consent())
    await added.finish(consent(), "done", "conn_1")
    assert status(added) == ("done", "conn_1")
    await added.finish(consent(), "failed", "too late")
    assert status(added) == ("done", "conn_1")


async def test_a_cancelled_consent_is_never_taken(added: Authorizations) -> None:
    assert await added.cancel(consent(), "not wanted")
    assert not await added.take(consent())
    assert not await added.cancel(consent(), "again")
    assert status(added) == ("cancelled", "not wanted")


async def test_a_consent_that_was_taken_cannot_be_cancelled(added: Authorizations) -> None:
    await added.take(consent())
    assert not await added.cancel(consent(), "too late")


@pytest.mark.parametrize(("later", "kept"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
async def test_one_that_ended_more_than_a_day_ago_goes_when_another_is_added(
    added: Authorizations, later: timedelta, kept: bool
) -> None:
    now = consent().expires_at + timedelta(days=1) + later
    await added.add(replace(consent(2), created_at=now, expires_at=now + timedelta(minutes=10)), Secret("another"))
    assert (added.get("tnt_a", "link_1") is not None) is kept
    assert added.get("tnt_a", "link_2") is not None
