"""A consent that brings two pairs of tokens: each is renewed, used and lost on its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.fakes.clock import ManualClock
from tests.fakes.practice import REDIRECT_URI, START, surroundings
from tests.fakes.two_pairs import LIFE_S, TwoPairs

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount, GrantKey
from evergrant.model.outcome import InsufficientScope, Outcome, ReauthRequired, Result
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT, Settings

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Workspace:
    """An app with a Slack-like provider behind its network."""

    app: App
    provider: TwoPairs
    clock: ManualClock

    async def connect(self) -> ConnectedAccount:
        begun = await self.app.connect.begin(LOCAL_TENANT, "slack", None, {})
        return await self._finish(begun.url)

    async def reconnect(self, account: ConnectedAccount) -> ConnectedAccount:
        return await self._finish((await self.app.connect.begin_reauth(account)).url)

    async def _finish(self, url: str) -> ConnectedAccount:
        asked = parse_qs(urlsplit(url).query)
        assert asked["user_scope"] == ["search:read"]
        assert "search:read" not in asked["scope"][0].split(",")
        return await self.app.consent.finish(parse_redirect(f"{REDIRECT_URI}?code=c&state={asked['state'][0]}"))

    async def channels(self, account: ConnectedAccount) -> Outcome:
        """A call that the bot's token signs."""
        return await self.app.executor.execute_tool(account.key, "slack_list_channels", {})

    async def search(self, account: ConnectedAccount) -> Outcome:
        """A call that the person's token signs."""
        return await self.app.executor.execute_tool(account.key, "slack_search_messages", {"query": "launch"})

    def events(self) -> list[str]:
        return [event.type for event in self.app.outbox.after(LOCAL_TENANT, 0, 100)]


@asynccontextmanager
async def workspace(home: Path, person_scopes: str = "search:read") -> AsyncGenerator[Workspace]:
    clock = ManualClock(START)
    provider = TwoPairs(clock, person_scopes)
    world = replace(surroundings(clock), transport=httpx2.ASGITransport(provider.app()))
    async with open_app(Settings(home=home, key_source="file"), world) as app:
        await app.registry.add(
            LOCAL_TENANT, "slack", client_id="app", client_secret=Secret("s"), redirect_uri=REDIRECT_URI
        )
        yield Workspace(app, provider, clock)


async def test_each_pair_signs_its_own_tools_and_is_renewed_on_its_own(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        assert "search:read" in account.scopes_granted
        for _ in range(4):
            assert isinstance(await slack.channels(account), Result)
            slack.clock.advance(LIFE_S)
        assert isinstance(await slack.search(account), Result)

        assert slack.provider.refreshes == {"bot": 3, "user": 1}
        assert slack.provider.refused == {}
        assert [kind for method, kind in slack.provider.used if method != "auth.test"] == ["bot"] * 4 + ["user"]


async def test_the_schedule_renews_both_and_keeps_what_each_was_granted(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        slack.clock.advance(LIFE_S * 0.95)

        for _ in range(2):  # one after the other: an account's grants share a lock
            await slack.app.schedule.tick()

        assert slack.provider.refreshes == {"bot": 1, "user": 1}
        stored = slack.app.accounts.get(account.key)
        assert stored is not None
        assert set(stored.scopes_granted) == {"chat:write", "channels:read", "search:read"}


async def test_the_death_of_one_pair_leaves_the_other_at_work_and_a_reconnect_brings_both(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        slack.provider.kill("user")

        assert isinstance(await slack.search(account), ReauthRequired)
        assert isinstance(await slack.channels(account), Result)
        stored = slack.app.accounts.get(account.key)
        assert stored is not None
        assert stored.state == "reauth_required"

        again = await slack.reconnect(account)
        assert (again.id, again.state) == (account.id, "active")
        assert isinstance(await slack.search(account), Result)
        assert slack.events() == ["agent.auth.reauth_required", "agent.auth.reauth_completed"]


async def test_a_person_who_grants_nothing_of_their_own_is_told_so_where_it_is_needed(tmp_path: Path) -> None:
    async with workspace(tmp_path, person_scopes="") as slack:
        account = await slack.connect()

        outcome = await slack.search(account)

        assert isinstance(outcome, InsufficientScope)
        assert outcome.missing == ("search:read",)
        assert isinstance(await slack.channels(account), Result)
        assert slack.events() == []


async def test_revoking_the_account_revokes_both_pairs(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()

        receipt = await slack.app.desk.remove(account, at_provider=True)

        assert receipt.revoked_at_provider
        assert slack.provider.revocations == {"bot": 1, "user": 1}
        with pytest.raises(LookupError):
            slack.app.desk.find(LOCAL_TENANT, account.id)
        assert await slack.app.schedule.tick() is None


async def test_both_pairs_of_an_account_may_be_renewed_at_once(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        slack.clock.advance(LIFE_S)

        keys = [account.grant_key, GrantKey(*account.key, "person")]
        held = [await slack.app.tokens.grant(key) for key in keys]

        assert [each.grant.generation for each in held] == [2, 2]
        assert {each.grant.access_token.reveal().split("-")[0] for each in held} == {"bot", "user"}
