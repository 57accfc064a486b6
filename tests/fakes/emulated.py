"""An app with the shipped connectors on emulated services, and people who have accounts there."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.fakes.detour import Detour
from tests.fakes.emulated_services import CLIENTS, SECRET, redirect_uri
from tests.fakes.practice import surroundings
from tests.fakes.tables import lay_tables

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount, GrantKey
from evergrant.model.json import Json, JsonObject, at
from evergrant.model.outcome import Failure, Result
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT, Settings

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def pick(value: Json, *names: str) -> list[Json]:
    """What is in the value under each name, or at each pointer without its first slash."""
    return [at(value, f"/{name}") for name in names]


def rows(value: Json) -> list[Json]:
    """The items of a list that a tool gave."""
    items = at(value, "/items")
    assert isinstance(items, list)
    return items


@dataclass(frozen=True)
class Agent:
    """Calls tools for one account."""

    app: App
    network: Detour
    account: ConnectedAccount

    async def does(self, tool: str, **given: Json) -> Json:
        """What the tool gives back; raises AssertionError where it fails."""
        outcome = await self.app.executor.execute_tool(self.account.key, tool, given)
        assert isinstance(outcome, Result), outcome
        return outcome.content

    async def fails(self, tool: str, **given: Json) -> Failure:
        """How the tool fails; raises AssertionError where it does not."""
        outcome = await self.app.executor.execute_tool(self.account.key, tool, given)
        assert isinstance(outcome, Failure), outcome
        return outcome

    async def tokens(self) -> tuple[str, str | None]:
        """The access token that calls are now made with, and the refresh token."""
        async with self.app.tokens.use(GrantKey(*self.account.key)) as held:
            refresh_token = held.grant.refresh_token
            return held.grant.access_token.reveal(), refresh_token.reveal() if refresh_token else None

    async def by_hand(self, method: str, url: str, body: JsonObject) -> None:
        """Do at the service, as the account's person, what no tool of ours does there."""
        headers = {"Authorization": f"Bearer {(await self.tokens())[0]}"}
        request = httpx2.Request(method, url, headers=headers, json=body)
        response = await self.network.handle_async_request(request)
        assert response.is_success, await response.aread()
        await response.aclose()


@dataclass(frozen=True)
class Emulated:
    """What a test works with."""

    app: App
    clock: ManualClock
    network: Detour

    async def connect(self, connector: str, login: str = "anna") -> Agent:
        """Connect an account through the service's own pages."""
        begun = await self.app.connect.begin(LOCAL_TENANT, connector, None, {})
        back = await approve(begun.url, login, transport=self.network)
        return Agent(self.app, self.network, await self.app.consent.finish(parse_redirect(back)))


@asynccontextmanager
async def emulated(home: Path, addresses: Mapping[str, str]) -> AsyncGenerator[Emulated]:
    """The app, its OAuth clients registered at the emulators that are at `addresses`."""
    lay_tables(home)
    clock, network = ManualClock(NOW), Detour(addresses)
    world = replace(surroundings(clock), transport=network)
    async with open_app(Settings(home=home, key_source="file"), world) as app:
        for connector, client_id in CLIENTS.items():
            secret, uri = Secret(SECRET), redirect_uri(connector)
            await app.registry.add(LOCAL_TENANT, connector, client_id=client_id, client_secret=secret, redirect_uri=uri)
        yield Emulated(app, clock, network)
