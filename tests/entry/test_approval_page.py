"""The page at which a call is approved or refused: what it shows to whom, and what it takes from whom."""

import html
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from tests.entry.sites import Site, site_in
from tests.fakes.person import SITE, Person
from tests.service.approving import DELETE, ONE, caller, contacts
from tests.service.holding import stored

from evergrant.entry.approval_page import ApprovalPage
from evergrant.model.json import JsonObject
from evergrant.model.link import Link
from evergrant.model.outcome import CallCancelled, ConfirmationRequired, Result
from evergrant.service.standing import Standing
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import consents

pytestmark = pytest.mark.anyio
APPEND = "sandbox_append_row"
ORIGIN = {"Origin": SITE}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site, None]:
    async with site_in(tmp_path / "home") as made:
        await made.world.connect()
        yield made


@pytest.fixture
def who(site: Site) -> Standing:
    return caller(site.world, "confirm_writes")


@pytest.fixture
def ada(site: Site) -> Person:
    return visitor(site)


def visitor(site: Site) -> Person:
    """Somebody with a browser of their own."""
    app = site.world.app
    page = ApprovalPage(consents(app), app.held_calls.approvals, app.catalog)
    transport = httpx2.ASGITransport(app=Starlette(routes=page.routes()))
    site.people.append(Person(httpx2.AsyncClient(transport=transport, base_url=SITE)))
    return site.people[-1]


async def asked(who: Standing, tool: str = DELETE, tool_input: JsonObject | None = None) -> tuple[str, Link]:
    """A call that waits, and the link that its agent was given."""
    outcome = await who.execute("acme", tool, tool_input or ONE)
    assert isinstance(outcome, ConfirmationRequired)
    return str(outcome.call_id), Link(str(outcome.approval_url), outcome.confirmation_code)


async def decides(person: Person, link: Link, page: httpx2.Response, decision: str) -> httpx2.Response:
    """What comes of a button of the page that shows the call."""
    found = re.search(r'name="proof" value="(\w+)"', page.text)
    form = {"proof": found[1] if found else "", "decision": decision}
    return await person.browser.post(link.url, data=form, headers=ORIGIN)


async def test_the_call_is_shown_once_the_code_is_given_and_runs_when_it_is_approved(
    site: Site, who: Standing, ada: Person
) -> None:
    call_id, link = await asked(who)
    first = await ada.opens(link.url)
    shown = await ada.types(link, link.code)
    assert stored(site.world, call_id).approval == "wanted"
    end = await decides(ada, link, shown, "approve")

    for told in ("An agent wants to destroy data", DELETE, "anna@example.test", "acme", "Sandbox", "24 h 0 min"):
        assert told in first.text
    assert "con_00000001" not in first.text
    assert "night agent" not in first.text
    assert "con_00000001" in shown.text
    assert "night agent" in shown.text
    assert "Approved" in end.text
    found = stored(site.world, call_id)
    assert (found.approval, found.decided_by) == ("given", "the person at the link")
    assert isinstance(await who.resume(call_id), Result)
    assert "con_00000001" not in contacts(site.world)


async def test_a_refused_call_never_runs(site: Site, who: Standing, ada: Person) -> None:
    call_id, link = await asked(who)
    end = await decides(ada, link, await ada.types(link, link.code), "refuse")

    assert "Refused" in end.text
    assert isinstance(await who.resume(call_id), CallCancelled)
    assert site.world.sandbox.count.writes == 0


async def test_a_decision_is_taken_once_and_the_link_says_so_afterwards(site: Site, who: Standing, ada: Person) -> None:
    call_id, link = await asked(who)
    shown = await ada.types(link, link.code)
    await decides(ada, link, shown, "refuse")

    answers = [await decides(ada, link, shown, "approve"), await ada.opens(link.url), await ada.types(link, link.code)]

    assert {answer.status_code for answer in answers} == {410}
    assert all("This call is decided" in answer.text for answer in answers)
    assert stored(site.world, call_id).approval == "refused"


async def test_whoever_has_no_code_sees_no_arguments_and_decides_nothing(
    site: Site, who: Standing, ada: Person
) -> None:
    call_id, link = await asked(who)
    _, other = await asked(who, tool_input={"contact_id": "con_00000002"})
    thief = visitor(site)
    shown = await ada.types(link, link.code)

    wrong = [await thief.types(link, code) for code in (None, "AAAA-AAAA", other.code)]
    stolen = await decides(thief, link, shown, "approve")
    elsewhere = await decides(ada, other, shown, "approve")
    nothing = await decides(ada, link, shown, "delete everything")

    assert [answer.status_code for answer in wrong] == [403, 403, 403]
    for answer in (*wrong, stolen, elsewhere, nothing):
        assert "con_0000000" not in answer.text
        assert "Confirmation code" in answer.text
    assert stored(site.world, call_id).approval == "wanted"


async def test_guessed_codes_close_the_link_and_the_agent_gives_another(site: Site, who: Standing, ada: Person) -> None:
    call_id, link = await asked(who)
    pages = [await ada.types(link, f"GUES-{guess:04}") for guess in range(5)]
    right = await ada.types(link, link.code)

    assert "Too many wrong codes" in pages[-1].text
    assert "Too many wrong codes" in right.text
    again = await who.resume(call_id)
    assert isinstance(again, ConfirmationRequired)
    other = Link(str(again.approval_url), again.confirmation_code)
    assert "con_00000001" in (await ada.types(other, other.code)).text


async def test_a_form_of_another_site_changes_nothing(site: Site, who: Standing, ada: Person) -> None:
    call_id, link = await asked(who)
    shown = await ada.types(link, link.code)
    proof = re.search(r'name="proof" value="(\w+)"', shown.text)
    assert proof
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        sent = await ada.browser.post(link.url, data={"proof": proof[1], "decision": "approve"}, headers=headers)
        assert sent.status_code == 403
    assert stored(site.world, call_id).approval == "wanted"


async def test_links_for_something_else_lead_nowhere_here_and_this_one_nowhere_else(
    site: Site, who: Standing, ada: Person
) -> None:
    _, link = await asked(who)
    connect = site.link()
    there = site.person()

    for url in (f"{SITE}/approve/{connect.url.rpartition('/')[2]}", f"{link.url}x", f"{SITE}/approve/nothing"):
        assert (await ada.opens(url)).status_code == 404
    for path in ("connect", "reconnect"):
        assert (await there.opens(f"{SITE}/{path}/{link.url.rpartition('/')[2]}")).status_code == 404


async def test_a_call_that_waits_no_longer_is_told_so(site: Site, who: Standing, ada: Person) -> None:
    call_id, link = await asked(who)
    _, other = await asked(who)
    await site.world.app.held_calls.cancel(LOCAL_TENANT, call_id)
    cancelled = await ada.opens(link.url)
    site.world.clock.advance(86_400)
    late = await ada.types(other, other.code)

    assert (cancelled.status_code, late.status_code) == (410, 410)
    assert "expired" in late.text


async def test_what_the_page_shows_of_a_call_is_text_and_all_of_it(site: Site, who: Standing, ada: Person) -> None:
    nasty = "</pre><script>alert(1)</script>\u202egnp.exe" + "x" * 100_000 + "the end"
    _, link = await asked(who, APPEND, {"row": [nasty]})

    shown = await ada.types(link, link.code)

    assert "<script>" not in shown.text
    assert "\u202e" not in shown.text
    assert "\\u202egnp.exe" in html.unescape(shown.text)
    assert "the end" in shown.text
    assert "change data" in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert ("form-action 'self'" in policy, "frame-ancestors 'none'" in policy) == (True, True)
    assert shown.headers["Cache-Control"] == "no-store"
    assert "HttpOnly" in shown.headers["Set-Cookie"]
