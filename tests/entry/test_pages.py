"""What a browser meets: pages that say what to do, and take and give away nothing else."""

from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.entry.sites import Site, site_in
from tests.fakes.consent import approve, deny
from tests.fakes.person import Person

from evergrant.model.link import Link
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site, None]:
    async with site_in(tmp_path) as made:
        yield made


@pytest.fixture
def anna(site: Site) -> Person:
    return site.person()


async def test_the_callback_connects_and_says_as_whom(site: Site, anna: Person) -> None:
    page = await anna.connects(site.link())

    assert page.status_code == 200
    assert "anna@example.test" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_the_same_callback_twice_says_that_it_was_used(site: Site, anna: Person) -> None:
    redirect = await anna.signs_in(site.link())
    await anna.opens(redirect)

    again = await anna.opens(redirect)

    assert again.status_code == 400
    assert "used already" in again.text


async def test_a_callback_with_a_state_of_somebody_else_connects_nothing(anna: Person) -> None:
    page = await anna.opens("/callback?code=abc&state=forged")

    assert page.status_code == 400
    assert "not made here" in page.text


async def test_a_callback_without_an_answer_says_what_it_is_for(anna: Person) -> None:
    assert "provider" in (await anna.opens("/callback")).text


async def test_a_denial_says_that_nothing_was_stored_and_leaves_the_link_good(site: Site, anna: Person) -> None:
    link = site.link()

    page = await anna.opens(await deny(await anna.proves(link)))

    assert "Nothing was stored" in page.text
    assert "still good" in page.text
    assert (await anna.connects(link)).status_code == 200


async def test_no_code_state_or_link_stands_in_a_page(site: Site, anna: Person) -> None:
    link = site.link()
    first = await anna.opens(link.url)
    redirect = await anna.signs_in(link)
    pages = [first, *[await anna.opens(redirect) for _ in range(2)]]

    handle, state = link.url.rpartition("/")[2], redirect.partition("state=")[2].partition("&")[0]
    for page in pages:
        assert not any(secret in page.text for secret in ("sbx_code_", handle, state, str(link.code)))
        assert page.headers["Referrer-Policy"] == "same-origin"


async def test_no_page_loads_anything_from_elsewhere_or_runs_a_script(site: Site, anna: Person) -> None:
    account = await site.world.connect()
    other = site.person()
    pages = [
        await anna.opens("/"),
        await anna.opens(site.link("one").url),
        await anna.opens("/connect/cut-off"),
        await anna.connects(site.link("two"), "bert"),
        await other.connects(site.reauth(account), "cleo"),
    ]

    assert [page.status_code for page in pages] == [200, 200, 404, 200, 403]
    for page in pages:
        assert "<script" not in page.text
        assert "http://" not in page.text.replace("http://127.0.0.1", "").replace("http://localhost", "")
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert ("form-action *" in policy) is ("<form" in page.text)


async def test_the_front_page_escapes_what_it_shows(anna: Person) -> None:
    page = await anna.opens("/")

    assert "&lt;paste this&gt;" in page.text
    assert urlsplit(str(page.url)).path == "/"


async def test_what_a_provider_calls_a_person_is_escaped(site: Site, anna: Person) -> None:
    account = await site.world.connect("acme", "<b>mallory</b>")

    page = await anna.opens(site.reauth(account).url)

    assert "&lt;b&gt;mallory" in page.text
    assert "<b>mallory" not in page.text


async def test_the_style_sheet_is_served_where_the_policy_allows_it(anna: Person) -> None:
    sheet = await anna.opens("/style.css")

    assert sheet.headers["Content-Type"].startswith("text/css")


async def test_a_vault_that_cannot_be_read_is_no_reason_for_a_traceback(site: Site, anna: Person) -> None:
    link: Link = site.link()
    file = site.world.app.vault.file
    aside = file.with_name("elsewhere.db")
    redirect = await approve(await anna.proves(link))
    file.rename(aside)
    try:
        page = await anna.opens(redirect)
    finally:
        aside.rename(file)

    assert page.status_code == 503
    assert "Nothing was connected" in page.text
    assert site.world.app.accounts.all(LOCAL_TENANT) == []
