"""Real processes for the end-to-end test of a reconnect: two providers, a server, a receiver of events, a browser."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx2
from mcp import Client
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from playwright.async_api import Browser
from tests.fakes import oidc_connector
from tests.fakes.browser import Ending, chromium, follow
from tests.fakes.command import Command, free_port
from tests.fakes.oidc_connector import write_connector
from tests.fakes.oidc_provider import OidcProvider, oidc_provider
from tests.fakes.receiver import OK, Received, Reply, receiving

from evergrant.model.json import JsonObject

CERTIFIED, SANDBOX = oidc_connector.NAME, "sandbox"
CERTIFIED_LIFE_S = 6
"""So short that the server's own refresh finds a dead grant within seconds, when no call does."""
SANDBOX_LIFE_S = 600
"""So long that only a call finds one."""
MOST_SECONDS = 30.0
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
    async def agent(self, era: str, elicitation: ElicitationFnT | None = None) -> AsyncGenerator[Client]:
        """An MCP client of the server over streamable HTTP, which asks its person where `elicitation` is given."""
        headers = {"Authorization": f"Bearer {self.bearer}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
            Client(
                streamable_http_client(self.mcp_url, http_client=http), mode=era, elicitation_callback=elicitation
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
        async with chromium() as browser:
            said = await asyncio.gather(
                _run(command, "token"),
                _run(command, "webhooks", "add", inbox),
                _add_client(command, CERTIFIED, certified.client_id, certified.client_secret),
                _add_client(command, SANDBOX, practice["client_id"], practice["client_secret"]),
            )
            origin = ("--set", f"origin={practice['url']}")
            ids = await asyncio.gather(
                _connect(browser, command, "anna", CERTIFIED, "--alias", "crm"),
                _connect(browser, command, "anna", SANDBOX, "--alias", "sheet", *origin),
                _connect(browser, command, "bert", SANDBOX, "--alias", "notes", *origin),
            )
            accounts = dict(zip(("crm", "sheet", "notes"), ids, strict=True))
            bearer, secret = said[0]["token"], said[1]["secret"]
            yield Stage(command, certified, practice["url"], browser, bearer, secret, story, accounts)


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


async def _run(command: Command, *arguments: str, given: str = "") -> dict[str, str]:
    """What the command says as JSON."""
    done = await asyncio.to_thread(command.run, *arguments, "--json", given=given)
    assert done.returncode == 0, done.stdout + done.stderr
    return cast("dict[str, str]", json.loads(done.stdout))


def _add_client(
    command: Command, connector: str, client_id: str, client_secret: str
) -> Coroutine[None, None, dict[str, str]]:
    options = ("--client-id", client_id, "--client-secret-stdin")
    return _run(command, "connections", "add", connector, *options, given=client_secret)


@contextmanager
def _running(command: Command, *arguments: str) -> Generator[dict[str, str]]:
    """A process that runs until the block ends; yields what it said when it was ready."""
    process = command.start(*arguments, "--json")
    try:
        yield cast("dict[str, str]", json.loads(_first_object(process)))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def _first_object(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    lines = list[str]()
    for line in process.stdout:
        lines.append(line)
        if line.rstrip() == "}":
            break
    return "".join(lines)


async def _connect(browser: Browser, command: Command, person: str, *arguments: str) -> str:
    """Connect an account by the command, whose link the person opens; its id."""
    process = command.start("connect", *arguments, "--no-browser", "--json")
    assert process.stderr
    invited = json.loads(await asyncio.to_thread(process.stderr.readline))
    ending = await follow(browser, invited["url"], invited["confirmation_code"], person)
    printed, trouble = await asyncio.to_thread(process.communicate, timeout=30)
    assert process.returncode == 0, ending.text + printed + trouble
    return cast("str", json.loads(printed)["id"])
