"""Some providers keep only so many grants of a person for one OAuth client: we warn before, and name it afterwards."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Practice, practice
from tests.fakes.tenants import settled

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import ReauthRequired
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
LIMIT = 2
OTHER_TENANT = "tnt_other"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path, grant={"grants_per_user_and_client": LIMIT}) as made:
        yield made


async def reconnect(world: Practice, account: ConnectedAccount) -> str | None:
    """A new consent of the same person; returns the warning that came with its link."""
    begun = await world.app.connect.begin_reauth(account)
    await world.app.consent.finish(parse_redirect(await approve(begun.url, "anna")))
    return begun.warning


async def in_other_tenant(world: Practice) -> ConnectedAccount:
    """The same person with the same OAuth client, for another tenant."""
    secret = Secret(CLIENT_SECRET)
    settled(world.app.vault, OTHER_TENANT)
    await world.app.registry.add(
        OTHER_TENANT, "sandbox", client_id=CLIENT_ID, client_secret=secret, redirect_uri=REDIRECT_URI
    )
    begun = await world.app.connect.begin(OTHER_TENANT, "sandbox", None, {"origin": world.url})
    return await world.app.consent.finish(parse_redirect(await approve(begun.url, "anna")))


async def test_the_consent_that_is_one_too_many_is_warned_of(world: Practice) -> None:
    account = await world.connect("acme", "anna")

    assert await reconnect(world, account) is None
    warning = await reconnect(world, account)

    assert warning is not None
    assert "keeps 2 grants" in warning
    assert account.label in warning


async def test_a_new_account_is_warned_of_too_since_the_same_person_may_sign_in(world: Practice) -> None:
    account = await world.connect("acme", "anna")
    await reconnect(world, account)

    begun = await world.app.connect.begin(LOCAL_TENANT, "sandbox", "more", {"origin": world.url})

    assert begun.warning is not None


async def test_another_tenants_person_is_counted_and_not_named(world: Practice) -> None:
    await world.connect("acme", "anna")
    other = await in_other_tenant(world)
    await reconnect(world, other)

    warned = await world.app.connect.begin(LOCAL_TENANT, "sandbox", "more", {"origin": world.url})
    assert warned.warning is not None  # anna has an account here as well
    await world.app.desk.remove(world.app.desk.find(LOCAL_TENANT, "acme"), at_provider=False)
    unaware = await world.app.connect.begin(LOCAL_TENANT, "sandbox", "more", {"origin": world.url})

    assert unaware.warning is None


async def test_a_grant_that_later_consents_have_pushed_out_dies_of_eviction(world: Practice) -> None:
    account = await world.connect("acme", "anna")
    world.clock.advance(60)
    other = await in_other_tenant(world)
    await reconnect(world, other)
    world.sandbox.revoke(client_id=CLIENT_ID, user="anna")
    world.clock.advance(1800)

    outcome = await world.search(account)

    assert isinstance(outcome, ReauthRequired)
    assert outcome.cause == "grant_evicted"


async def test_without_later_consents_the_same_death_is_a_revocation(world: Practice) -> None:
    account = await world.connect("acme", "anna")
    await reconnect(world, account)
    world.sandbox.revoke(client_id=CLIENT_ID, user="anna")
    world.clock.advance(1800)

    outcome = await world.search(account)

    assert isinstance(outcome, ReauthRequired)
    assert outcome.cause == "revoked"
