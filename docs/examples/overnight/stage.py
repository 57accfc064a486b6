"""What the night is played on: three practice services, a vault with their accounts, its server, and the clock."""

import random
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import structlog
from docs.examples.overnight.hours import Hours
from starlette.applications import Starlette
from starlette.routing import Mount

import evergrant
from evergrant.app import App, open_app
from evergrant.catalog.catalog import data_folder
from evergrant.cli.listening import listening
from evergrant.demo.clock import VirtualClock
from evergrant.demo.connecting import connect
from evergrant.demo.services import SERVICES, Service, write_connectors
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.failpoint import nothing
from evergrant.model.secret import Secret
from evergrant.parts import mcp_parts
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surface import web_app
from evergrant.surroundings import Surroundings
from evergrant.vault.bearer import local_bearer

EVENING = datetime(2026, 5, 25, 22, tzinfo=UTC)
AT_ONCE = timedelta(seconds=1)
"""The job does not tick more often than this, as in the server."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One vault and all around it; `folder` is for the agent's checkpoints."""

    app: App
    sandbox: Sandbox
    clock: VirtualClock
    hours: Hours
    accounts: dict[str, ConnectedAccount]
    url: str
    folder: Path

    @property
    def token(self) -> Secret:
        """What the agent asks the server with."""
        return local_bearer(self.app.vault.key.ring)

    async def begin(self, hour: int) -> None:
        """Let the night pass until this hour of it, with every job that is due on the way, and let the hour begin."""
        until = EVENING + timedelta(hours=hour)
        due = await self.app.schedule.tick()
        while due is not None and due < until:
            self.clock.advance_to(max(due, self.clock.now() + AT_ONCE))
            due = await self.app.schedule.tick()
        self.clock.advance_to(until)
        await self.app.schedule.tick()
        await self.hours.open(hour)


def service(name: str) -> Service:
    """One of the three."""
    return next(each for each in SERVICES if each.name == name)


@asynccontextmanager
async def stage() -> AsyncGenerator[Stage]:
    """All of it on loopback ports and in a temporary folder; gone afterwards."""
    clock = VirtualClock(EVENING)
    with tempfile.TemporaryDirectory(prefix="evergrant-overnight-") as name:
        folder = Path(name)
        write_connectors(folder / "data", data_folder(Path(evergrant.__file__).parent), SERVICES)
        settings = Settings(
            home=folder / "vault", key_source="file", connector_path=(folder / "data",), port=_free_port()
        )
        clients = {each.name: each.client(settings.redirect_uri(LOCAL_TENANT, each.name)) for each in SERVICES}
        sandbox = Sandbox(clients, clock=clock, chance=_repeatable(), auto_approve=True)
        world = Surroundings(clock, _repeatable(), httpx2.AsyncHTTPTransport(), lambda: None, nothing)
        with running(sandbox) as origin:
            async with open_app(settings, world) as app:
                accounts = {each.name: await connect(app, each, origin) for each in SERVICES}
                hours = Hours()
                async with listening(_web(app, hours), "127.0.0.1", settings.port):
                    yield Stage(app, sandbox, clock, hours, accounts, settings.url, folder)


def _web(app: App, hours: Hours) -> Starlette:
    log = structlog.get_logger()
    return Starlette(
        routes=[
            hours.route(),
            Mount("/", web_app(app, make_server(mcp_parts(app, log), bearer_principal), dict, log)),
        ]
    )


def _repeatable() -> random.Random:
    return random.Random(1)  # noqa: S311  (the same night at every run; no secret is drawn from it)


def _free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
