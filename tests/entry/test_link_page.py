"""The page of a link: whom it lets through, and what it tells those whom it does not."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.entry.sites import Site, site_in
from tests.fakes.consent import approve
from tests.fakes.person import SITE, Person, person
from tests.fakes.practice import practice

from evergrant.entry.cookies import Cookies
from evergrant.model.account import AccountKey
from evergrant.oauth.flow import parse_redirect
from evergrant.service.links import handle_of
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import consents
from evergrant.vault.link_seal import link_hash

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site, None]:
    async with site_in(tmp_path / "home") as made:
        yield made


@pytest.fixture
def anna(site: Site) -> Person:
    return site.person()


async def test_it_names_service_person_scopes_and_how_long_it_lives(site: Site, anna: Person) -> None:
    account = await site.world.connect()

    page = await anna.opens(site.reauth(account).url)

    for said in ("Reconnect Sandbox", "anna@example.test", "crm.read", "crm.write", "for another 24 h 0 min"):
        assert said in page.text


async def test_a_connect_link_lives_for_half_an_hour(site: Site, anna: Person) -> None:
    assert "for another 30 min" in (await anna.opens(site.link().url)).text


async def test_its_code_leads_to_the_provider_and_is_never_in_its_address(site: Site, anna: Person) -> None:
    link = site.link()

    sent = await anna.types(link, link.code)

    assert sent.status_code == 303
    assert sent.headers["Location"].startswith(f"{site.world.url}/authorize?")
    assert (sent.headers["Referrer-Policy"], sent.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert str(link.code) not in link.url


async def test_the_cookie_is_for_this_browser_and_this_consent_alone(site: Site, anna: Person) -> None:
    link = site.link()
    cookie = (await anna.types(link, link.code)).headers["Set-Cookie"]

    assert cookie.startswith("evergrant_link_")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


async def test_over_https_no_other_host_of_the_domain_can_set_it(site: Site) -> None:
    link, pages = site.link(), replace(consents(site.world.app), cookies=Cookies(secure=True))

    cookie = (await person(pages).types(link, link.code)).headers["Set-Cookie"]

    assert cookie.startswith("__Host-evergrant_link_")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))


SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.lower,
    lambda code: code.replace("-", ""),
    lambda code: f"  {code} ",
)


@pytest.mark.parametrize("spelled", SPELLINGS)
async def test_a_code_may_be_typed_as_people_do(site: Site, anna: Person, spelled: Callable[[str], str]) -> None:
    link = site.link()

    assert (await anna.types(link, spelled(link.code or ""))).status_code == 303


async def test_a_stolen_link_without_its_code_leads_nowhere(site: Site) -> None:
    thief, link = site.person(), site.link()

    answers = [await thief.types(link, code) for code in (None, "", site.link("other").code)]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Set-Cookie" not in answers[0].headers
    assert "2 tries left" in answers[-1].text


async def test_guessed_codes_close_a_link_for_its_life(site: Site, anna: Person) -> None:
    thief, link = site.person(), site.link()
    pages = [await thief.types(link, f"GUES-{guess:04}") for guess in range(5)]

    assert {page.status_code for page in pages} == {403}
    assert ["Too many wrong codes" in page.text for page in pages] == [False] * 4 + [True]
    right = await anna.types(link, link.code)
    assert "Too many wrong codes" in right.text
    assert (await anna.types(other := site.link("other"), other.code)).status_code == 303


async def test_an_expired_link_says_how_to_get_another(site: Site, anna: Person) -> None:
    link = site.link()
    site.world.clock.advance(1800)

    pages = [await anna.opens(link.url), await anna.types(link, link.code)]

    for page in pages:
        assert page.status_code == 410
        assert "This link has expired" in page.text
        assert "Ask for a new link" in page.text


async def test_a_reconnect_link_of_last_night_is_good_in_the_morning_and_no_longer(site: Site, anna: Person) -> None:
    link = site.reauth(await site.world.connect())

    site.world.clock.advance(23 * 3600)
    assert (await anna.opens(link.url)).status_code == 200
    site.world.clock.advance(3600)
    assert (await anna.opens(link.url)).status_code == 410


async def test_a_replayed_link_was_used_already(site: Site, anna: Person) -> None:
    link = site.link()
    await anna.connects(link)

    again = [await anna.opens(link.url), await site.person().types(link, link.code)]

    for page in again:
        assert page.status_code == 410
        assert "used already" in page.text
    assert site.codes_redeemed == 1


async def test_a_reconnect_link_is_used_once_the_account_was_connected_anew_by_any_way(
    site: Site, anna: Person
) -> None:
    account = await site.world.connect()
    one, other = site.reauth(account), site.reauth(account)
    await anna.connects(one)

    assert "connected anew" in (await anna.opens(other.url)).text


async def test_a_link_that_was_called_off_is_not_opened(site: Site, anna: Person) -> None:
    link = site.link()
    await anna.proves(link)
    app = site.world.app
    (pending,) = app.connect.of_link(LOCAL_TENANT, link_hash(handle_of(link)))
    await app.connect.cancel(LOCAL_TENANT, pending.id)

    assert (await anna.opens(link.url)).status_code == 410


async def test_a_link_for_an_account_that_was_removed_says_so(site: Site, anna: Person) -> None:
    account = await site.world.connect()
    link = site.reauth(account)
    await site.world.app.accounts.remove(account.key)

    assert "was removed" in (await anna.opens(link.url)).text


async def test_a_link_of_another_vault_is_not_from_here(site: Site, anna: Person, tmp_path: Path) -> None:
    account = await site.world.connect()
    async with practice(tmp_path / "other") as elsewhere:
        key = AccountKey(LOCAL_TENANT, account.id)
        for link in (elsewhere.app.links.reauth(key), Site(elsewhere).link()):
            for page in (await anna.opens(link.url), await anna.types(link, link.code)):
                assert page.status_code == 404
                assert "not from here" in page.text


async def test_a_link_of_another_tenant_is_not_from_here(site: Site, anna: Person) -> None:
    links = site.world.app.links
    link = links.made(links.to_connect("tnt_stranger", "sandbox", None, {}))

    for page in (await anna.opens(link.url), await anna.types(link, link.code)):
        assert page.status_code == 404


@pytest.mark.parametrize("spoiled", ["x", "", "AAAA", "é", "a" * 3000])
async def test_a_link_that_was_cut_off_or_made_up_is_not_from_here(site: Site, anna: Person, spoiled: str) -> None:
    link = site.link().url
    pages = [await anna.opens(f"{SITE}/connect/{spoiled}"), await anna.opens(link[:-1]), await anna.opens(link + "A")]

    assert {page.status_code for page in pages} == {404}


async def test_a_connect_link_is_none_to_reconnect_by(site: Site, anna: Person) -> None:
    assert (await anna.opens(site.link().url.replace("/connect/", "/reconnect/"))).status_code == 404


async def test_a_form_of_another_site_is_refused(site: Site, anna: Person) -> None:
    link = site.link()
    for headers in ({"Origin": "https://attacker.example"}, {"Origin": "null"}, {}):
        sent = await anna.browser.post(link.url, data={"code": link.code or ""}, headers=headers)
        assert sent.status_code == 403
        assert "not ours" in sent.text


async def test_a_ticket_spares_the_code_in_one_browser_once(site: Site, anna: Person) -> None:
    link = site.link()
    ticket = site.world.app.links.ticket(handle_of(link)).reveal()

    page = await anna.opens(f"{link.url}?ticket={ticket}")

    assert "no code is needed" in page.text
    assert "ticket" not in str(page.url)
    proof = page.text.partition('name="proof" value="')[2].partition('"')[0]
    thief = site.person()
    assert "Confirmation code" in (await thief.opens(f"{link.url}?ticket={ticket}")).text
    assert "Confirmation code" in (await thief.opens(str(page.url))).text
    forms = [await who.browser.post(link.url, data={"proof": proof}, headers={"Origin": SITE}) for who in (thief, anna)]
    assert [form.status_code for form in forms] == [403, 303]


async def test_a_ticket_is_good_for_a_minute_and_for_its_own_link(site: Site, anna: Person) -> None:
    link, links = site.link(), site.world.app.links
    late, other = links.ticket(handle_of(link)).reveal(), links.ticket(handle_of(site.link("other"))).reveal()
    site.world.clock.advance(60)

    for ticket in (late, other, "made-up"):
        assert "Confirmation code" in (await anna.opens(f"{link.url}?ticket={ticket}")).text


async def test_the_page_is_shown_under_the_name_that_the_provider_sends_people_back_to(
    site: Site, anna: Person
) -> None:
    link = site.link()

    sent = await anna.browser.get(link.url.replace("localhost", "127.0.0.1"), follow_redirects=False)

    assert (sent.status_code, sent.headers["Location"]) == (307, link.url)


async def test_an_account_that_is_to_be_ended_takes_no_new_grant(site: Site, anna: Person) -> None:
    account = await site.world.connect()
    link = site.reauth(account)
    await site.world.app.accounts.block([account.key])

    page = await anna.opens(link.url)

    assert page.status_code == 409
    assert "evergrant revoke" in page.text


async def test_a_step_up_page_says_what_is_new_and_lives_for_half_an_hour(site: Site, anna: Person) -> None:
    world = site.world
    begun = await world.app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": world.url}, ("crm.read",))
    account = await world.app.consent.finish(parse_redirect(await approve(begun.url)))

    page = await anna.opens(world.app.links.step_up(account, ("crm.write",)).url)

    assert "Allow more at Sandbox" in page.text
    assert "<code>crm.write</code> <b>new</b>" in page.text
    assert "<code>crm.read</code> <b>new</b>" not in page.text
    assert "for another 30 min" in page.text
