"""What a browser meets: the callback, the reconnect page, and pages that say what to do."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from tests.fakes.consent import approve, deny
from tests.fakes.practice import Practice, practice

from evergrant.entry.pages import Pages
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
SITE = "http://localhost:8484"


@dataclass(frozen=True)
class Site:
    world: Practice
    browser: httpx2.AsyncClient

    async def redirect(self) -> str:
        """The address that a consent sends the browser back to."""
        begun = await self.world.app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": self.world.url})
        return await approve(begun.url)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site, None]:
    async with practice(tmp_path) as world:
        app = world.app
        pages = Pages(app.connect, app.consent, app.accounts, LOCAL_TENANT, lambda: {"Some client": "<paste this>"})
        transport = httpx2.ASGITransport(app=Starlette(routes=list(pages.routes())))
        async with httpx2.AsyncClient(transport=transport, base_url=SITE) as browser:
            yield Site(world, browser)


async def test_the_callback_connects_and_says_as_whom(site: Site) -> None:
    page = await site.browser.get(await site.redirect())

    assert page.status_code == 200
    assert "anna@example.test" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_the_same_callback_twice_says_that_it_was_used(site: Site) -> None:
    redirect = await site.redirect()
    await site.browser.get(redirect)

    again = await site.browser.get(redirect)

    assert again.status_code == 400
    assert "used already" in again.text


async def test_a_callback_with_a_state_of_somebody_else_connects_nothing(site: Site) -> None:
    page = await site.browser.get("/callback?code=abc&state=forged")

    assert page.status_code == 400
    assert "not made here" in page.text


async def test_a_callback_without_an_answer_says_what_it_is_for(site: Site) -> None:
    assert "provider" in (await site.browser.get("/callback")).text


async def test_a_denial_says_that_nothing_was_stored(site: Site) -> None:
    begun = await site.world.app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": site.world.url})

    page = await site.browser.get(await deny(begun.url))

    assert "Nothing was stored" in page.text


async def test_a_code_never_stands_in_a_page(site: Site) -> None:
    redirect = await site.redirect()
    pages = [await site.browser.get(redirect) for _ in range(2)]

    assert not any("sbx_code_" in page.text for page in pages)
    assert all(page.headers["Referrer-Policy"] == "same-origin" for page in pages)


async def test_the_reconnect_page_names_who_must_sign_in_and_leads_to_the_provider(site: Site) -> None:
    account = await site.world.connect()

    page = await site.browser.get(f"/reconnect/{account.id}")
    sent = await site.browser.post(f"/reconnect/{account.id}", headers={"Origin": SITE})

    assert "anna@example.test" in page.text
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith(f"{site.world.url}/authorize?")


async def test_a_reconnect_form_of_another_site_is_refused(site: Site) -> None:
    account = await site.world.connect()

    for headers in ({"Origin": "https://attacker.example"}, {}):
        sent = await site.browser.post(f"/reconnect/{account.id}", headers=headers)
        assert sent.status_code == 403


async def test_an_unknown_account_has_a_page_that_says_how_to_list_them(site: Site) -> None:
    page = await site.browser.get("/reconnect/conn_none")

    assert page.status_code == 404
    assert "evergrant accounts list" in page.text


async def test_the_front_page_escapes_what_it_shows(site: Site) -> None:
    page = await site.browser.get("/")

    assert "&lt;paste this&gt;" in page.text
    assert urlsplit(str(page.url)).path == "/"


async def test_the_style_sheet_is_served_where_the_policy_allows_it(site: Site) -> None:
    sheet = await site.browser.get("/style.css")

    assert sheet.headers["Content-Type"].startswith("text/css")
