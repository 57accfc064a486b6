"""Redirect URIs: the port that a provider does not look at, and the one that it does not know."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.entry.sites import site_in
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, Practice, practice

from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.service.consent import ConsentFailed, UnknownRedirect
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
MINE = "http://localhost:8484/callback"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def test_a_provider_of_any_port_is_given_the_one_at_which_we_are_reached(world: Practice) -> None:
    elsewhere = replace(world.app.connect, port=9000)
    begun = await elsewhere.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": world.url})
    assert begun.redirect_uri == "http://localhost:9000/callback"
    account = await world.app.consent.finish(parse_redirect(await approve(begun.url)))
    renewed = await elsewhere.begin_reauth(account)
    assert renewed.redirect_uri == "http://localhost:9000/callback"


@pytest.mark.parametrize("registered", ["https://localhost:8484/callback", "https://box.example/callback"])
async def test_what_is_not_http_on_loopback_stays_as_it_is_registered(world: Practice, registered: str) -> None:
    await world.app.registry.add(
        LOCAL_TENANT, "sandbox", client_id=CLIENT_ID, client_secret=Secret("x"), redirect_uri=registered
    )
    wish = replace(world.app.connect, port=9000).wish(LOCAL_TENANT, "sandbox", None, {"origin": world.url})
    assert wish.client.connection.redirect_uri == registered


async def test_a_provider_that_wants_it_to_the_letter_gets_what_is_registered(world: Practice) -> None:
    await world.app.registry.add(
        LOCAL_TENANT, "hubspot", client_id="x", client_secret=Secret("x"), redirect_uri=f"{MINE}/hubspot"
    )
    wish = replace(world.app.connect, port=9000).wish(LOCAL_TENANT, "hubspot", None, {})
    assert wish.client.connection.redirect_uri == f"{MINE}/hubspot"


async def test_a_mismatch_that_the_redirect_tells_names_the_exact_uri(world: Practice) -> None:
    begun = await world.app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": world.url})
    state = parse_qs(urlsplit(begun.url).query)["state"][0]
    told = f"error=invalid_request&error_description=redirect_uri+unknown&state={state}&iss={world.url}"
    with pytest.raises(UnknownRedirect, match=f"to the letter: {MINE}"):
        await world.app.consent.finish(parse_redirect(told))
    found = world.app.connect.status(LOCAL_TENANT, begun.authorization_id)
    assert found
    assert (found.status, MINE in (found.detail or "")) == ("failed", True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": "redirect_uri_mismatch"}, UnknownRedirect),
        ({"error": "BAD_REDIRECT_URI"}, UnknownRedirect),
        ({"error": "invalid_grant", "error_description": "redirect_uri does not match"}, UnknownRedirect),
        ({"error": "invalid_grant"}, ConsentFailed),
    ],
)
async def test_a_mismatch_that_the_token_endpoint_tells_does_so_too(
    tmp_path: Path, body: dict[str, str], kind: type[ConsentFailed]
) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(400, json=body))
    async with practice(tmp_path, transport=transport) as world:
        begun = await world.app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": world.url})
        with pytest.raises(kind) as failed:
            await world.app.consent.finish(parse_redirect(await approve(begun.url)))
    assert (f"to the letter: {MINE}" in str(failed.value)) == (kind is UnknownRedirect)


async def test_a_mismatch_told_at_the_address_of_another_connection_is_taken_and_a_code_there_is_not(
    tmp_path: Path,
) -> None:
    async with site_in(tmp_path) as site:
        anna, link = site.person(), site.link()
        state = parse_qs(urlsplit(await anna.proves(link)).query)["state"][0]
        refused = f"state={state}&iss={site.world.url}"
        with_code = await anna.opens(f"/callback/hubspot?code=abc&error=redirect_uri_mismatch&{refused}")
        assert "The answer came to the wrong address" in with_code.text
        by_a_stranger = await site.person().opens(f"/callback/hubspot?error=redirect_uri_mismatch&{refused}")
        assert by_a_stranger.status_code == 403
        page = await anna.opens(f"/callback/hubspot?error=redirect_uri_mismatch&{refused}")
        assert f"to the letter: {MINE}" in page.text
