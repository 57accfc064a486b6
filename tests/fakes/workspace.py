"""An app with a Slack-like provider behind its network, and a clock that only moves when told to."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from tests.fakes.clock import ManualClock
from tests.fakes.practice import REDIRECT_URI, START, surroundings
from tests.fakes.two_pairs import TwoPairs

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import Outcome
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT, Settings


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
        assert "search:read" in asked["user_scope"][0].split(",")
        assert "search:read" not in asked["scope"][0].split(",")
        return await self.app.consent.finish(parse_redirect(f"{REDIRECT_URI}?code=c&state={asked['state'][0]}"))

    async def channels(self, account: ConnectedAccount) -> Outcome:
        """A call that the bot's token signs."""
        return await self.app.executor.execute_tool(account.key, "slack_list_channels", {})

    async def search(self, account: ConnectedAccount) -> Outcome:
        """A call that the person's token signs."""
        return await self.app.executor.execute_tool(account.key, "slack_search_messages", {"query": "launch"})

    def events(self) -> list[str]:
        """The types of all events so far."""
        return [event.type for event in self.app.outbox.after(LOCAL_TENANT, 0, 100)]


@asynccontextmanager
async def workspace(
    home: Path, person_scopes: str = "search:read", *, rotating: bool = True
) -> AsyncGenerator[Workspace]:
    clock = ManualClock(START)
    provider = TwoPairs(clock, person_scopes, rotating)
    world = replace(surroundings(clock), transport=httpx2.ASGITransport(provider.app()))
    async with open_app(Settings(home=home, key_source="file"), world) as app:
        await app.registry.add(
            LOCAL_TENANT, "slack", client_id="app", client_secret=Secret("s"), redirect_uri=REDIRECT_URI
        )
        yield Workspace(app, provider, clock)
