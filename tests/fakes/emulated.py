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
CONNECTORS = ("gmail", "google_calendar", "google_drive", "github", "slack")
SECRET = "emulated-client-secret"
BEN = "Ben Ito <ben@globex.example>"
GOOGLE_CLIENT = "1234567890-abc123.apps.googleusercontent.com"
GITHUB_CLIENT = "Iv23liAbCdEfGhIjKlMn"
SLACK_CLIENT = "1601185624273.8899143856786"
CLIENTS = {**dict.fromkeys(CONNECTORS[:3], GOOGLE_CLIENT), "github": GITHUB_CLIENT, "slack": SLACK_CLIENT}


def redirect_uri(connector: str) -> str:
    """Where the browser comes back to; Slack wants https."""
    origin = "https://evergrant.acme.example" if connector == "slack" else "http://127.0.0.1:8484"
    return f"{origin}/callback/{connector}"


def _client(client_id: str, *connectors: str) -> Mapping[str, object]:
    uris = [redirect_uri(each) for each in connectors]
    return {"client_id": client_id, "client_secret": SECRET, "name": "Evergrant", "redirect_uris": uris}


def _mail(name: str, sender: str, subject: str, text: str) -> Mapping[str, object]:
    """One that came to Anna and that she has not read."""
    people = {"from": sender, "to": "anna@acme.example", "message_id": f"<{name}@globex.example>"}
    said = {"subject": subject, "body_text": text, "date": "2026-11-24T08:30:00Z", "label_ids": ["INBOX", "UNREAD"]}
    return {"id": f"msg_{name}", "thread_id": f"thr_{name}", **people, **said}


SERVICES: Mapping[str, object] = {
    "google": {
        "baseUrl": "https://accounts.google.com",
        "seed": {
            "users": [{"email": "anna@acme.example", "name": "Anna Keller"}],
            "oauth_clients": [_client(GOOGLE_CLIENT, *CONNECTORS[:3])],
            "messages": [
                _mail("offer", BEN, "Our offer", "We can deliver in March.\n\nBen"),
                _mail("lunch", BEN, "Lunch?", "Are you free on Friday?"),
                _mail("news", BEN, "Globex news", "The newsletter of November."),
                _mail("old", BEN, "Outdated", "Not of interest any more."),
                *(_mail(f"list{n}", "list@acme.example", f"Issue {n}", "A digest.") for n in range(1, 6)),
            ],
        },
    },
    "github": {
        "baseUrl": "https://github.com",
        "seed": {
            "users": [{"login": "anna", "name": "Anna Keller"}, {"login": "ben", "name": "Ben Ito"}],
            "repos": [{"owner": "anna", "name": name, "language": "Go"} for name in ("notes", "pages", "site")],
            "oauth_apps": [_client(GITHUB_CLIENT, "github")],
        },
    },
    "slack": {
        "baseUrl": "https://files.slack.com",
        "seed": {
            "team": {"name": "Acme", "domain": "acme"},
            "users": [
                {"name": "anna", "real_name": "Anna Keller", "email": "anna@acme.example"},
                {"name": "ben", "real_name": "Ben Ito", "email": "ben@acme.example", "profile": {"title": "Buyer"}},
            ],
            "oauth_apps": [_client(SLACK_CLIENT, "slack")],
            "strict_scopes": True,
        },
    },
}


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
