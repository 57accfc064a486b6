"""Real processes for the end-to-end test of a reconnect: two providers, a server, a receiver of events, a browser."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx2
from mcp import Client
from mcp.client.extension import ClientExtension
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from playwright.async_api import Browser
from tests.fakes import oidc_connector
from tests.fakes.browser import Ending, chromium, follow
from tests.fakes.command import Command, free_port
from tests.fakes.forked_process import PipedProcess
from tests.fakes.oidc_connector import write_connector
from tests.fakes.oidc_provider import OidcProvider, oidc_provider
from tests.fakes.receiver import OK, Received, Reply, receiving

from evergrant.app import App, open_app
from evergrant.dial.guard import permitted
from evergrant.model.json import JsonObject
from evergrant.model.secret import Secret
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import real_world
from evergrant.vault.bearer import local_bearer

CERTIFIED, SANDBOX = oidc_connector.NAME, "sandbox"
CERTIFIED_LIFE_S = 6
"""So short that the server's own refresh finds a dead grant within seconds, when no call does."""
SANDBOX_LIFE_S = 600
"""So long that only a call finds one."""
MOST_SECONDS = 60.0
"""The server looks for new accounts to refresh every half minute."""
CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")
ADDRESS = re.compile(r"http://localhost:\d+/(?:re)?connect/[^\s)\"]+")


@dataclass
class Story:
    """What happened, in its order: events as they arrived at the receiver, and what the agent was told."""

    loop: asyncio.AbstractEventLoop
    told: list[str | Received] = field(default_factory=list[str | Received])
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Forget what was."""
        self.told.clear()

    def say(self, text: str) -> None:
        """The agent is told this."""
        self.told.append(text)

    def take(self, received: Received) -> Reply:
        """As the receiver, in a thread of its own."""
        self.told.append(received)
        self.loop.call_soon_threadsafe(self._news.set)
        return OK

    async def event(self, secret: str, type_: str, account_id: str) -> JsonObject:
        """The first event of that type about the account since the story was last cleared, waited for and verified."""
        async with asyncio.timeout(MOST_SECONDS):
            while True:
                for event in self.events(secret):
                    if (event["event"], event["connected_account_id"]) == (type_, account_id):
                        return event
                self._news.clear()
                await self._news.wait()

    def events(self, secret: str) -> list[JsonObject]:
        """All events so far, each of them verified; raises WebhookVerificationError."""
        arrived = [each for each in self.told if isinstance(each, Received)]
        for each in arrived:
            each.verify(secret)
        return [each.data for each in arrived]


@dataclass(frozen=True)
class Stage:
    """What a test works with."""

    command: Command
    certified: OidcProvider
    sandbox_url: str
    browser: Browser
    bearer: str
    webhook_secret: str
    story: Story
    accounts: dict[str, str]
    """Ids by alias: `crm` at the certified server, `sheet` and `notes` at the sandbox."""

    @asynccontextmanager
    async def agent(
        self, era: str, elicitation: ElicitationFnT | None = None, extensions: Sequence[ClientExtension] = ()
    ) -> AsyncGenerator[Client]:
        """An MCP client of the server over streamable HTTP, which asks its person where `elicitation` is given."""
        headers = {"Authorization": f"Bearer {self.bearer}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
            Client(
                streamable_http_client(self.mcp_url, http_client=http),
                mode=era,
                elicitation_callback=elicitation,
                extensions=extensions,
            ) as client,
        ):
            yield client

    @property
    def mcp_url(self) -> str:
        return f"http://localhost:{self.command.port}/mcp"

    async def consent(self, said: str) -> Ending:
        """A person follows the link that was said, gives the code that was said with it, and consents."""
        return await follow(self.browser, found(ADDRESS, said), CODE.findall(said)[-1])

    def revoke(self, connector: str) -> None:
        """The person ends the grant of `crm` or of `sheet` on the provider's own page."""
        if connector == CERTIFIED:
            self.certified.revoke_all()
        else:
            _ask(f"{self.sandbox_url}/sandbox/revoke", {"user": "anna"})

    def writes(self, connector: str) -> int:
        """How many writes the provider has carried out, in all."""
        if connector == CERTIFIED:
            return len(self.certified.counts().rows)
        return cast("int", _ask(f"{self.sandbox_url}/sandbox/count")["writes"])


def found(pattern: re.Pattern[str], text: str) -> str:
    """The pattern's first match."""
    match = pattern.search(text)
    assert match, text
    return match[0]


def _ask(url: str, body: JsonObject | None = None) -> JsonObject:
    method = "GET" if body is None else "POST"
    answer = httpx2.request(method, url, json=body, trust_env=False)
    return cast("JsonObject", answer.raise_for_status().json())


@asynccontextmanager
async def stage(folder: Path) -> AsyncGenerator[Stage]:
    """Everything runs, and three accounts are connected."""
    story = Story(asyncio.get_running_loop())
    with _programs(folder, story) as (command, certified, practice, inbox):
        settings = Settings(
            home=command.home,
            port=command.port,
            key_source="file",
            connector_path=(folder / "own",),
            allow_private_hosts=permitted(["127.0.0.1"]),
        )
        async with chromium() as browser:
            # Set up in this process, which costs less than seven commands do; it has left the vault when a test begins.
            async with open_app(settings, real_world()) as app:
                await _add_client(app, CERTIFIED, certified.client_id, certified.client_secret)
                await _add_client(app, SANDBOX, practice["client_id"], practice["client_secret"])
                _, secret = await app.webhooks.add(LOCAL_TENANT, inbox)
                origin = {"origin": practice["url"]}
                accounts = {
                    "crm": await _connect(app, browser, "anna", CERTIFIED, alias="crm"),
                    "sheet": await _connect(app, browser, "anna", SANDBOX, alias="sheet", values=origin),
                    "notes": await _connect(app, browser, "bert", SANDBOX, alias="notes", values=origin),
                }
                bearer = local_bearer(app.vault.key.ring).reveal()
            yield Stage(command, certified, practice["url"], browser, bearer, secret.reveal(), story, accounts)


async def _add_client(app: App, connector: str, client_id: str, client_secret: str) -> None:
    redirect_uri = app.settings.redirect_uri(LOCAL_TENANT, connector)
    secret = Secret(client_secret)
    await app.registry.add(
        LOCAL_TENANT, connector, client_id=client_id, client_secret=secret, redirect_uri=redirect_uri
    )


async def _connect(
    app: App, browser: Browser, person: str, connector: str, *, alias: str, values: Mapping[str, str] | None = None
) -> str:
    """Connect an account by a link, whose pages are the server's; its id."""
    link = app.links.made(app.links.to_connect(LOCAL_TENANT, connector, alias, values or {}))
    ending = await follow(browser, link.url, link.code, person)
    account = app.accounts.named(LOCAL_TENANT, alias)
    assert account, ending.text
    return account.id


@contextmanager
def _programs(folder: Path, story: Story) -> Generator[tuple[Command, OidcProvider, dict[str, str], str]]:
    """The certified server, the sandbox (and what it says of itself), the server, and the receiver's address."""
    port, life = free_port(), str(SANDBOX_LIFE_S)
    callback = f"http://localhost:{port}/callback/{CERTIFIED}"
    with (
        oidc_provider(access_token_seconds=CERTIFIED_LIFE_S, redirect_uris=(callback,)) as certified,
        receiving(story.take) as inbox,
    ):
        connectors = str(write_connector(folder / "own", certified))
        more = {"EVERGRANT_CONNECTOR_PATH": connectors, "EVERGRANT_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}
        command = Command(folder / "vault", port, more)
        sandbox = ("sandbox", "--port", str(free_port()), "--token-life", life)
        with _running(command, *sandbox) as practice, _running(command, "serve"):
            yield command, certified, practice, inbox.url


@contextmanager
def _running(command: Command, *arguments: str) -> Generator[dict[str, str]]:
    """A process that runs until the block ends; yields what it said when it was ready."""
    process = command.start(*arguments, "--json")
    try:
        yield cast("dict[str, str]", json.loads(_first_object(process)))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def _first_object(process: PipedProcess) -> str:
    lines = list[str]()
    for line in process.stdout:
        lines.append(line)
        if line.rstrip() == "}":
            break
    return "".join(lines)
