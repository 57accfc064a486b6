"""An app on a new vault, with the sandbox as its provider and a clock that only moves when told to."""

import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx2
import yaml
from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.fakes.tables import lay_tables

from evergrant.app import App, open_app
from evergrant.dial.guard import Resolve, permitted, system_resolve
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.failpoint import FailPoint, nothing
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Outcome
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, Client, Rotation
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import Surroundings

START = datetime(2026, 5, 25, tzinfo=UTC)
CLIENT_ID = "practice"
CLIENT_SECRET = "sandbox-client-secret-canary"
REDIRECT_URI = "http://localhost:8484/callback"
"""As connections had it before each had its own; theirs is registered too."""
OWN_REDIRECT_URI = "http://localhost:8484/callback/sandbox"
STRICTEST = Behaviour(access_token_ttl=1800, rotation=Rotation.STRICT_FAMILY)


@dataclass(frozen=True)
class Practice:
    """What a test works with."""

    app: App
    sandbox: Sandbox
    clock: ManualClock
    url: str

    async def connect(self, alias: str = "acme", user: str = "anna", *, connector: str = "sandbox") -> ConnectedAccount:
        """Connect an account through the provider's own consent page."""
        begun = await self.app.connect.begin(LOCAL_TENANT, connector, alias, {"origin": self.url})
        return await self.app.consent.finish(parse_redirect(await approve(begun.url, user)))

    async def search(self, account: ConnectedAccount, query: str = "") -> Outcome:
        """A read that finds something: every book begins with the same contacts."""
        given: JsonObject = {"query": query} if query else {}
        return await self.app.executor.execute_tool(account.key, "sandbox_search_contacts", given)


def surroundings(clock: Clock, failpoint: FailPoint = nothing, seed: int = 1) -> Surroundings:
    """The world of a test: its clock, its dice, the loopback network, no keychain."""
    return Surroundings(clock, random.Random(seed), None, lambda: None, failpoint)


def sandbox(clock: Clock, behaviour: Behaviour = STRICTEST) -> Sandbox:
    """A provider with one client."""
    client = Client(CLIENT_SECRET, (REDIRECT_URI, OWN_REDIRECT_URI), ("crm.read", "crm.write"), behaviour)
    return Sandbox({CLIENT_ID: client}, clock=clock, chance=random.Random(1))


@asynccontextmanager
async def practice(
    home: Path,
    behaviour: Behaviour = STRICTEST,
    failpoint: FailPoint = nothing,
    *,
    provider: Sandbox | None = None,
    grant: Mapping[str, object] | None = None,
    connector_path: Path | None = None,
    hosted_at: str | None = None,
    permit: Sequence[str] = (),
    transport: httpx2.AsyncBaseTransport | None = None,
    issuer: Mapping[str, str] | None = None,
    limit: tuple[float, int] = (50, 200),
    resolve: Resolve = system_resolve,
) -> AsyncGenerator[Practice, None]:
    """The app, its provider on a port, and its OAuth client already added; `provider` may live on another clock.

    `grant` changes what the connector's table says of the provider's rotation and lives. `hosted_at` is the page of a
    tenant whose back end has the last word on who a person is. `transport` takes the network's place.
    `resolve` looks names up. `issuer` are the settings of one whose access tokens are taken. `limit` is a tenant's: a
    second, and at once.
    """
    lay_tables(home)
    clock = ManualClock(START)
    provider = provider or sandbox(clock, behaviour)
    own = retold_connector(home / "own", grant) if grant else connector_path
    path = (own,) if own else ()
    proof: Literal["code", "backend"] = "backend" if hosted_at else "code"
    settings = Settings(
        home=home,
        key_source="file",
        connector_path=path,
        link_proof=proof,
        return_url=hosted_at,
        allow_private_hosts=permitted(permit),
        tenant_rate=limit[0],
        tenant_burst=limit[1],
    ).model_copy(update=dict(issuer or {}))
    with running(provider) as url:
        async with open_app(
            settings, replace(surroundings(clock, failpoint), transport=transport, resolve=resolve)
        ) as app:
            await add_client(app)
            yield Practice(app, provider, clock, url)


async def add_client(app: App, client_secret: str = CLIENT_SECRET) -> None:
    """Register the sandbox's client with the app."""
    secret = Secret(client_secret)
    await app.registry.add(
        LOCAL_TENANT, "sandbox", client_id=CLIENT_ID, client_secret=secret, redirect_uri=REDIRECT_URI
    )


def retold_connector(folder: Path, grant: Mapping[str, object]) -> Path:
    """A folder with the sandbox's connector, its grant policy changed."""
    root = Path(__file__).parents[2]
    declared = yaml.safe_load((root / "connectors" / "sandbox.yaml").read_text(encoding="utf-8"))
    declared["grant"] = {**declared["grant"], **grant}
    for kind in ("connectors", "schemas"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "connectors" / "sandbox.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    tools = (root / "schemas" / "sandbox.yaml").read_text(encoding="utf-8")
    (folder / "schemas" / "sandbox.yaml").write_text(tools, encoding="utf-8")
    return folder
