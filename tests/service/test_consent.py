"""Connecting an account: what must come together, and every way in which it may not."""

from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.fakes.consent import approve, deny
from tests.fakes.practice import Practice, add_client, practice

from evergrant.app import App
from evergrant.model.outcome import ReauthRequired, Result
from evergrant.model.secret import Secret
from evergrant.oauth.flow import NotARedirect, Redirect, parse_redirect
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.service.connect import Begun, CannotConnect
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def begin(world: Practice, alias: str = "acme") -> Begun:
    return await world.app.connect.begin(LOCAL_TENANT, "sandbox", alias, {"origin": world.url})


def accounts(app: App) -> list[str]:
    return [account.alias for account in app.accounts.all(LOCAL_TENANT)]


async def test_a_consent_makes_an_account_that_knows_who_it_is(world: Practice) -> None:
    account = await world.connect("acme", "anna")

    assert account.id.startswith("conn_")
    assert (account.alias, account.label, account.state) == ("acme", "anna@example.test", "active")
    assert account.scopes_missing == ()
    assert world.sandbox.count.token_requests == {"authorization_code": 1}


async def test_the_consent_page_is_asked_with_s256_and_a_fresh_state(world: Practice) -> None:
    one, two = [parse_qs(urlsplit((await begin(world, alias)).url).query) for alias in ("one", "two")]

    assert one["code_challenge_method"] == ["S256"]
    assert one["state"] != two["state"]
    assert one["code_challenge"] != two["code_challenge"]


async def test_a_declined_consent_stores_nothing_and_says_so(world: Practice) -> None:
    begun = await begin(world)

    with pytest.raises(ConsentFailed, match="declined"):
        await world.app.consent.finish(parse_redirect(await deny(begun.url)))

    assert accounts(world.app) == []
    found = world.app.connect.status(LOCAL_TENANT, begun.authorization_id)
    assert found is not None
    assert found.status == "failed"


async def test_a_redirect_is_good_for_one_account_only(world: Practice) -> None:
    redirect = parse_redirect(await approve((await begin(world)).url))
    await world.app.consent.finish(redirect)

    with pytest.raises(ConsentFailed, match="used already"):
        await world.app.consent.finish(redirect)

    assert world.sandbox.count.token_requests == {"authorization_code": 1}
    assert accounts(world.app) == ["acme"]


async def test_a_state_that_was_not_made_here_is_refused(world: Practice) -> None:
    good = parse_redirect(await approve((await begin(world)).url))
    forged = Redirect(Secret("forged"), good.code, None, None, good.iss)

    with pytest.raises(ConsentFailed, match="not made here"):
        await world.app.consent.finish(forged)

    assert world.sandbox.count.token_requests == {}


async def test_an_answer_of_another_authorization_server_is_refused(world: Practice) -> None:
    good = parse_redirect(await approve((await begin(world)).url))
    mixed_up = Redirect(good.state, good.code, None, None, "https://attacker.example")

    with pytest.raises(ConsentFailed, match="another authorization server"):
        await world.app.consent.finish(mixed_up)

    assert world.sandbox.count.token_requests == {}


async def test_a_promised_issuer_that_is_left_out_is_refused(world: Practice) -> None:
    good = parse_redirect(await approve((await begin(world)).url))

    with pytest.raises(ConsentFailed, match="RFC 9207"):
        await world.app.consent.finish(Redirect(good.state, good.code, None, None, None))


async def test_a_link_ends_after_ten_minutes(world: Practice) -> None:
    redirect = parse_redirect(await approve((await begin(world)).url))
    world.clock.advance(601)

    with pytest.raises(ConsentFailed, match="expired"):
        await world.app.consent.finish(redirect)


async def test_a_cancelled_link_no_longer_works(world: Practice) -> None:
    begun = await begin(world)
    redirect = parse_redirect(await approve(begun.url))
    await world.app.connect.cancel(LOCAL_TENANT, begun.authorization_id)

    with pytest.raises(ConsentFailed, match="cancelled"):
        await world.app.consent.finish(redirect)

    assert accounts(world.app) == []


async def test_a_wrong_client_secret_names_the_redirect_uri_and_the_command(world: Practice) -> None:
    await add_client(world.app, "not the secret")
    redirect = parse_redirect(await approve((await begin(world)).url))

    with pytest.raises(ConsentFailed, match="evergrant connections add sandbox") as failed:
        await world.app.consent.finish(redirect)

    assert "http://localhost:8484/callback" in str(failed.value)
    assert "not the secret" not in str(failed.value)


async def test_a_provider_that_is_down_loses_the_code_and_nothing_else(world: Practice) -> None:
    redirect = parse_redirect(await approve((await begin(world)).url))
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, times=1))

    with pytest.raises(ConsentFailed, match="Start again in a minute"):
        await world.app.consent.finish(redirect)

    assert accounts(world.app) == []


async def test_an_unanswered_identity_look_up_stores_nothing(world: Practice) -> None:
    redirect = parse_redirect(await approve((await begin(world)).url))
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, where="api", times=1))

    with pytest.raises(ConsentFailed, match="who signed in"):
        await world.app.consent.finish(redirect)

    assert accounts(world.app) == []


async def test_connecting_the_same_person_again_renews_their_account(world: Practice) -> None:
    first = await world.connect("acme", "anna")
    again = await world.connect("other", "anna")

    assert again.id == first.id
    assert accounts(world.app) == ["acme"]


async def test_a_reauth_by_another_person_changes_nothing(world: Practice) -> None:
    account = await world.connect("acme", "anna")
    begun = await world.app.connect.begin_reauth(account)

    with pytest.raises(ConsentFailed, match="Another person"):
        await world.app.consent.finish(parse_redirect(await approve(begun.url, "bert")))

    assert world.app.accounts.get(account.key) == account


async def test_what_nobody_wants_does_not_live_on_at_the_provider(world: Practice) -> None:
    account = await world.connect("acme", "anna")
    begun = await world.app.connect.begin_reauth(account)

    with pytest.raises(ConsentFailed, match="Another person"):
        await world.app.consent.finish(parse_redirect(await approve(begun.url, "bert")))

    assert (world.sandbox.count.grants_issued, world.sandbox.count.grants_dead) == (2, 1)
    assert isinstance(await world.search(account), Result)


async def test_a_redirect_is_told_from_that_of_another_link(world: Practice) -> None:
    one, two = await begin(world, "one"), await begin(world, "two")
    redirect = parse_redirect(await approve(one.url))

    found = world.app.connect.answered_by(redirect)
    assert found is not None
    assert found.id == one.authorization_id != two.authorization_id


async def test_a_reauth_brings_a_dead_account_back_and_says_so(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.revoke()
    world.clock.advance(1801)
    assert isinstance(await world.search(account), ReauthRequired)

    begun = await world.app.connect.begin_reauth(account)
    back = await world.app.consent.finish(parse_redirect(await approve(begun.url)))

    assert (back.id, back.state) == (account.id, "active")
    assert isinstance(await world.search(account), Result)
    events = [event.type for event in world.app.outbox.after(LOCAL_TENANT, 0, 10)]
    assert events == ["agent.auth.reauth_required", "agent.auth.reauth_completed"]


async def test_an_alias_names_one_account(world: Practice) -> None:
    await world.connect("acme", "anna")

    with pytest.raises(CannotConnect, match="Choose another"):
        await begin(world, "acme")


async def test_a_connector_without_a_client_says_how_to_add_one(world: Practice) -> None:
    with pytest.raises(CannotConnect, match="evergrant connections add hubspot"):
        await world.app.connect.begin(LOCAL_TENANT, "hubspot", None, {})


async def test_a_value_that_points_elsewhere_is_refused(world: Practice) -> None:
    with pytest.raises(CannotConnect, match="origin does not look right"):
        await world.app.connect.begin(LOCAL_TENANT, "sandbox", None, {"origin": "https://attacker.example"})


async def test_a_pasted_address_without_a_code_is_no_redirect() -> None:
    with pytest.raises(NotARedirect, match="address bar"):
        parse_redirect("http://localhost:8484/callback?state=abc")
