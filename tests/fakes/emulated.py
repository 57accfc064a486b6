"""An app with the shipped connectors on emulated services, and people who have accounts there."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.fakes.detour import Detour
from tests.fakes.practice import surroundings
from tests.fakes.tables import lay_tables

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount, GrantKey
from evergrant.model.json import Json
from evergrant.model.outcome import Failure, Result
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT, Settings

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
CONNECTORS = ("gmail", "google_calendar", "google_drive", "github", "slack")
SECRET = "emulated-client-secret"
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


SERVICES: Mapping[str, object] = {
    "google": {
        "baseUrl": "https://accounts.google.com",
        "seed": {
            "users": [{"email": "anna@acme.example", "name": "Anna Keller"}],
            "oauth_clients": [_client(GOOGLE_CLIENT, *CONNECTORS[:3])],
            "messages": [
                {
                    "id": f"msg_{name}",
                    "thread_id": f"thr_{name}",
                    "from": "Ben Ito <ben@globex.example>",
                    "to": "anna@acme.example",
                    "subject": subject,
                    "body_text": text,
                    "message_id": f"<{name}@globex.example>",
                    "date": "2026-11-24T08:30:00Z",
                    "label_ids": ["INBOX", "UNREAD"],
                }
                for name, subject, text in (
                    ("offer", "Our offer", "We can deliver in March.\n\nBen"),
                    ("news", "Globex news", "The newsletter of November."),
                    ("lunch", "Lunch?", "Are you free on Friday?"),
                )
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


@dataclass(frozen=True)
class Agent:
    """Calls tools for one account."""

    app: App
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

    async def access_token(self) -> str:
        """What calls are now made with."""
        async with self.app.tokens.use(GrantKey(*self.account.key, "main")) as held:
            return held.grant.access_token.reveal()


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
        return Agent(self.app, await self.app.consent.finish(parse_redirect(back)))


@asynccontextmanager
async def emulated(home: Path, addresses: Mapping[str, str]) -> AsyncGenerator[Emulated]:
    """The app, its OAuth clients registered at the emulators that are at `addresses`."""
    lay_tables(home)
    clock, network = ManualClock(NOW), Detour(addresses)
    world = replace(surroundings(clock), transport=network)
    async with open_app(Settings(home=home, key_source="file"), world) as app:
        for connector, client_id in CLIENTS.items():
            secret, uri = Secret(SECRET), redirect_uri(connector)
            await app.registry.add(
                LOCAL_TENANT, connector, client_id=client_id, client_secret=secret, redirect_uri=uri
            )
        yield Emulated(app, clock, network)
