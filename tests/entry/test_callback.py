"""The callback takes an answer only from the browser that proved itself, and only at the address of its connection."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.entry.sites import Site, site_in
from tests.fakes.consent import approve
from tests.fakes.person import Person

from evergrant.model.outcome import ReauthRequired, Result
from evergrant.oauth.flow import parse_redirect
from evergrant.service.links import handle_of
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.link_seal import link_hash

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site, None]:
    async with site_in(tmp_path) as made:
        yield made


@pytest.fixture
def anna(site: Site) -> Person:
    return site.person()


async def test_a_victim_who_opens_the_providers_address_of_an_attacker_connects_nothing(
    site: Site, anna: Person
) -> None:
    attacker = site.person()
    providers_address = await attacker.proves(site.link())

    page = await anna.opens(await approve(providers_address, "anna"))

    assert page.status_code == 403
    assert "Not the browser that you began in" in page.text
    assert "nothing of yours was connected" in page.text
    assert (site.accounts(), site.codes_redeemed) == ([], 0)


async def test_an_attackers_reconnect_link_does_not_take_the_victims_consent(site: Site, anna: Person) -> None:
    account = await site.world.connect("theirs", "mallory")
    attacker = site.person()

    page = await anna.opens(await approve(await attacker.proves(site.reauth(account)), "anna"))

    assert page.status_code == 403
    assert site.world.app.accounts.get(account.key) == account
    assert site.codes_redeemed == 1


async def test_an_attackers_link_stops_the_victim_for_want_of_its_code(site: Site, anna: Person) -> None:
    link = site.link()

    assert "ask for a link of your own" in (await anna.opens(link.url)).text
    assert (await anna.types(link, None)).status_code == 403
    assert site.world.sandbox.count.grants_issued == 0


async def test_a_callback_that_is_passed_on_does_not_put_a_strangers_account_here(site: Site, anna: Person) -> None:
    attacker = site.person()
    redirect = await attacker.signs_in(site.link(), "mallory")

    page = await anna.opens(redirect)

    assert page.status_code == 403
    assert site.accounts() == []


async def test_a_browser_that_was_refused_uses_nothing_up(site: Site, anna: Person) -> None:
    redirect = await anna.signs_in(site.link())
    await site.person().opens(redirect)

    assert (await anna.opens(redirect)).status_code == 200


async def test_a_consent_begun_in_no_browser_is_finished_by_none(site: Site, anna: Person) -> None:
    begun = await site.world.app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": site.world.url})
    redirect = await approve(begun.url)

    assert (await anna.opens(redirect)).status_code == 403
    assert (await site.world.app.consent.finish(parse_redirect(redirect))).alias == "acme"


async def test_two_consents_in_one_browser_do_not_disturb_each_other(site: Site, anna: Person) -> None:
    redirects = [await anna.signs_in(site.link(user), user) for user in ("anna", "bert")]

    pages = [await anna.opens(redirect) for redirect in redirects]

    assert [page.status_code for page in pages] == [200, 200]
    assert site.accounts() == ["anna", "bert"]


async def test_an_answer_at_the_address_of_another_connection_is_not_taken(site: Site, anna: Person) -> None:
    redirect = await anna.signs_in(site.link())

    for path in ("/callback/hubspot", "/callback/sandbox", "/callback/tnt_other/sandbox"):
        mixed_up = await anna.opens(redirect.replace("/callback", path))
        assert mixed_up.status_code == 400
        assert "wrong address" in mixed_up.text
    assert site.codes_redeemed == 0
    assert (await anna.opens(redirect)).status_code == 200


async def test_each_connection_has_a_callback_of_its_own(site: Site, anna: Person) -> None:
    app, uri = site.world.app, site.world.app.settings.redirect_uri
    assert uri(LOCAL_TENANT, "sandbox") == "http://localhost:8484/callback/sandbox"
    assert uri("tnt_a", "sandbox") == "http://localhost:8484/callback/tnt_a/sandbox"
    connection = app.connections.find(LOCAL_TENANT, "sandbox")
    assert connection
    await app.connections.put(replace(connection, redirect_uri=uri(LOCAL_TENANT, "sandbox")))

    redirect = await anna.signs_in(site.link())

    assert redirect.startswith("http://localhost:8484/callback/sandbox?")
    assert (await anna.opens(redirect.replace("/callback/sandbox", "/callback"))).status_code == 400
    assert (await anna.opens(redirect)).status_code == 200


async def test_a_link_that_two_use_at_the_same_time_connects_one(site: Site, anna: Person) -> None:
    link, other = site.link(), site.person()
    redirects = [await anna.signs_in(link, "anna"), await other.signs_in(link, "bert")]

    pages = await asyncio.gather(anna.opens(redirects[0]), other.opens(redirects[1]))

    assert sorted(page.status_code for page in pages) == [200, 400]
    assert (len(site.accounts()), site.codes_redeemed) == (1, 1)


async def test_another_persons_sign_in_is_refused_and_offered_an_account_of_its_own(site: Site, anna: Person) -> None:
    account = await site.world.connect("acme", "anna")
    site.world.sandbox.revoke(user="anna")
    assert isinstance(await site.world.search(account), ReauthRequired)
    link = site.reauth(account)

    refused = await anna.connects(link, "bert")

    assert refused.status_code == 403
    assert "Another person signed in" in refused.text
    assert "anna@example.test" in refused.text
    assert site.accounts() == ["acme"]
    begun = await anna.presses(refused)
    connected = await anna.opens(await approve(begun.headers["Location"], "bert"))
    assert "bert@example.test" in connected.text
    assert site.accounts() == ["acme", "sandbox"]
    assert (await anna.connects(link, "anna")).status_code == 200, "the link still does what it is for"
    assert isinstance(await site.world.search(account), Result)


async def test_the_offer_is_for_the_browser_that_signed_in_and_for_its_time(site: Site, anna: Person) -> None:
    refused = await anna.connects(site.reauth(await site.world.connect("acme", "anna")), "bert")

    stranger = await site.person().presses(refused)
    assert stranger.status_code == 403
    assert "not yours" in stranger.text
    action = refused.text.partition('action="')[2].partition('"')[0]
    assert (await anna.browser.post(action, headers={"Origin": "https://attacker.example"})).status_code == 403
    site.world.clock.advance(600)
    assert (await anna.presses(refused)).status_code == 410


async def test_no_offer_is_made_for_a_consent_that_was_not_another_persons(site: Site, anna: Person) -> None:
    await anna.connects(link := site.link())
    (done,) = site.world.app.connect.of_link(LOCAL_TENANT, link_hash(handle_of(link)))

    made_up = await anna.browser.post(f"/anew/{LOCAL_TENANT}/{done.id}", headers={"Origin": "http://localhost:8484"})

    assert made_up.status_code == 403


async def test_a_reconnect_says_that_what_waited_goes_on(site: Site, anna: Person) -> None:
    account = await site.world.connect()

    page = await anna.connects(site.reauth(account))

    assert "You can close this page; what waited goes on." in page.text
