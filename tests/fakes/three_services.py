"""Three services with their own token lives behind one client, and the script of a model that works with all three."""

import json
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import structlog
from tests.fakes.clock import ManualClock
from tests.fakes.practice import START, surroundings
from tests.fakes.tables import lay_tables

import evergrant
from evergrant import Evergrant
from evergrant.app import App, open_app
from evergrant.catalog.catalog import data_folder
from evergrant.demo.clock import VirtualClock
from evergrant.demo.connecting import connect, consent
from evergrant.demo.services import SERVICES, write_connectors
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.parts import mcp_parts
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.run import running
from evergrant.sdk.errors import PersonNeeded
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer

TURNS = 4
STEP_S = 65 * 60
"""Between two turns of the model: one token life has ended each time, and one each other time."""
REFRESHES = {"demo_hubspot": TURNS, "demo_google": TURNS, "demo_salesforce": TURNS // 2}
"""Once for each turn that finds the token expired, however many calls find it at once."""
NAMES = tuple(REFRESHES)
SALESFORCE = next(each for each in SERVICES if each.name == "demo_salesforce")


@dataclass(frozen=True)
class ThreeServices:
    """A vault with an account of each service, whose alias is the service's name, and a client of its API.

    The client waits on a clock of its own: time passes between the model's turns alone.
    """

    app: App
    sandbox: Sandbox
    clock: ManualClock
    accounts: dict[str, ConnectedAccount]
    client: Evergrant

    def revoke(self) -> None:
        """Salesforce's person takes the grant back."""
        self.sandbox.revoke(client_id=SALESFORCE.name)

    async def come_back(self, _asked: PersonNeeded | None = None) -> None:
        """Salesforce's person consents again."""
        await consent(self.app, SALESFORCE, self.app.links.reauth(self.accounts[SALESFORCE.name].key))

    def rows(self, name: str) -> list[str]:
        """What was written at a service."""
        user = next(each.user for each in SERVICES if each.name == name)
        return [str(cells[0]) for cells in self.sandbox.book(user).rows]


@asynccontextmanager
async def three_services(folder: Path) -> AsyncGenerator[ThreeServices]:
    clock = ManualClock(START)
    lay_tables(folder / "vault")
    write_connectors(folder / "data", data_folder(Path(evergrant.__file__).parent), SERVICES)
    settings = Settings(home=folder / "vault", key_source="file", connector_path=(folder / "data",))
    clients = {each.name: each.client(settings.redirect_uri(LOCAL_TENANT, each.name)) for each in SERVICES}
    sandbox = Sandbox(clients, clock=clock, chance=random.Random(1), auto_approve=True)
    with running(sandbox) as origin:
        async with open_app(settings, surroundings(clock)) as app:
            accounts = {each.name: await connect(app, each, origin) for each in SERVICES}
            log = structlog.get_logger()
            web = web_app(app, make_server(mcp_parts(app, log), bearer_principal), dict, log)
            token, transport = local_bearer(app.vault.key.ring), httpx2.ASGITransport(web)
            async with Evergrant(token=token, transport=transport, clock=VirtualClock(START)) as client:
                yield ThreeServices(app, sandbox, clock, accounts, client)


@dataclass(frozen=True)
class Call:
    """One call that the model wants."""

    id: str
    tool: str
    given: JsonObject

    @property
    def arguments(self) -> str:
        """The input as JSON."""
        return json.dumps(self.given)


@dataclass
class Script:
    """What the model wants at each turn, and all that it was shown."""

    world: ThreeServices
    before: Callable[[int], None] = lambda _: None
    """Something happens before a turn."""
    turn: int = 0
    shown: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._answered = self.world.sandbox.count.api_ok

    def wanted(self, shown: object) -> Sequence[Call]:
        """The next turn's calls, some time later; none at the end."""
        self.shown.append(str(shown))
        if self.turn == TURNS:
            return ()
        self.turn += 1
        self.world.clock.advance(STEP_S)
        self.before(self.turn)
        return [call for name in NAMES for call in self._of(name)]

    def _of(self, name: str) -> tuple[Call, Call]:
        row = {"row": [f"{name} {self.turn}"]}
        return (
            Call(f"{name} {self.turn} read", f"{name}_search_contacts", {"query": "bakery"}),
            Call(f"{name} {self.turn} write", f"{name}_append_row", row),
        )

    def check(self) -> None:
        """Every step was done once, no expired token was ever sent, and the model has seen no token."""
        for name in NAMES:
            assert self.world.rows(name) == [f"{name} {turn}" for turn in range(1, TURNS + 1)]
        assert self.world.sandbox.count.api_expired_token == 0
        assert "sbx_" not in "".join(self.shown)

    def check_quiet(self) -> None:
        """As `check`, where no grant died: every call had its result at once, after as few renewals as can be."""
        self.check()
        count = self.world.sandbox.count
        assert {name: count.by_client[name].refreshes for name in NAMES} == REFRESHES
        assert (count.api_revoked_token, count.api_unknown_token, count.spent_presented) == (0, 0, 0)
        assert count.api_ok - self._answered == TURNS * len(NAMES) * 2
