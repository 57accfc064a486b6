"""The tokens of emulated services: renewed, refused, revoked, and what is said where nothing renews them."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
from tests.fakes.consent import approve
from tests.fakes.emulated import Agent, Emulated, emulated

from evergrant.model.json import at
from evergrant.model.outcome import ReauthRequired
from evergrant.oauth.flow import parse_redirect

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path, addresses: Mapping[str, str]) -> AsyncGenerator[Emulated]:
    """Not that of other tests: its time passes, and its tokens are spoilt."""
    async with emulated(tmp_path, addresses) as opened:
        yield opened


@pytest.fixture
async def gmail(world: Emulated) -> Agent:
    return await world.connect("gmail")


async def test_google_renews_a_token_when_its_hour_is_over(world: Emulated, gmail: Agent) -> None:
    first, refresh_token = await gmail.tokens()
    world.clock.advance(3600)
    assert at(await gmail.does("gmail_get_message", message_id="msg_lunch"), "/subject") == "Lunch?"
    second, same = await gmail.tokens()
    assert second != first
    assert same == refresh_token


async def test_a_token_that_google_refuses_is_renewed_within_the_call(world: Emulated, gmail: Agent) -> None:
    first, _ = await gmail.tokens()
    world.network.refused.add(first)
    sent = await gmail.does("gmail_send_message", to=["ben@globex.example"], subject="Once", text="Only once.")
    assert at(sent, "/label_ids") == ["SENT"]
    found = await gmail.does("gmail_search_messages", query="subject:once in:sent")
    assert at(found, "/items/0/id") == at(sent, "/id")
    assert at(found, "/items/1") is None
    assert (await gmail.tokens())[0] != first


async def test_a_grant_that_was_revoked_at_google_is_dead_until_its_person_consents_again(
    world: Emulated, gmail: Agent
) -> None:
    access_token, refresh_token = await gmail.tokens()
    for token in (access_token, refresh_token):
        body = urlencode({"token": token}).encode()
        revocation = httpx2.Request("POST", "https://oauth2.googleapis.com/revoke", content=body)
        assert (await world.network.handle_async_request(revocation)).is_success
    world.network.refused.add(access_token)

    failure = await gmail.fails("gmail_list_labels")
    assert isinstance(failure, ReauthRequired)
    assert failure.cause == "revoked"
    begun = await world.app.connect.begin_reauth(gmail.account)
    back = await approve(begun.url, "anna", transport=world.network)
    renewed = await world.app.consent.finish(parse_redirect(back))
    assert renewed.id == gmail.account.id
    assert at(await gmail.does("gmail_list_labels"), "/items/0/type") == "system"


@pytest.mark.parametrize(("connector", "tool"), [("github", "github_get_me"), ("slack", "slack_list_users")])
async def test_a_refused_token_that_nothing_renews_asks_for_its_person(
    world: Emulated, connector: str, tool: str
) -> None:
    agent = await world.connect(connector)
    await agent.does(tool)
    access_token, refresh_token = await agent.tokens()
    assert refresh_token is None
    world.network.refused.add(access_token)
    assert isinstance(await agent.fails(tool), ReauthRequired)
