"""Pages of the documentation whose Python is run as it stands, by a server with one account: `acme`, at HubSpot."""

import ast
import asyncio
import inspect
import random
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType

import structlog
from tests.fakes.command import free_port
from tests.fakes.practice import surroundings
from tests.fakes.tables import lay_tables

import evergrant
from evergrant.app import App, open_app
from evergrant.catalog.catalog import data_folder
from evergrant.cli.listening import listening
from evergrant.demo.connecting import connect, consent
from evergrant.demo.services import SERVICES, write_connectors
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.link import Link
from evergrant.parts import mcp_parts
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer

ROOT = Path(__file__).parents[2]
BLOCKS = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
HUBSPOT = replace(SERVICES[0], name="hubspot")
"""HubSpot's connector and tools, played by the sandbox."""


def blocks(page: str) -> Sequence[str]:
    """The Python of a page below `docs/how-to`, block by block."""
    return BLOCKS.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8"))


async def run(block: str, names: dict[str, object]) -> None:
    """Run a block that may await at its top, as in a notebook; what it names is in `names` afterwards."""
    code: CodeType = compile(block, "<page>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, names)  # noqa: S307  (our own page)
    else:
        # One that does not await blocks its thread, and the server is on this one.
        await asyncio.to_thread(eval, code, names)


@dataclass(frozen=True)
class Served:
    """What the pages' reader has."""

    app: App
    sandbox: Sandbox
    account: ConnectedAccount

    def revoke(self) -> None:
        self.sandbox.revoke()

    async def follow(self, link: Link, alias: str = "acme", user: str = HUBSPOT.user) -> None:
        """The person follows a link to its end, and the account has this alias then."""
        await consent(self.app, replace(HUBSPOT, name=alias, user=user), link)


@asynccontextmanager
async def served(folder: Path, setting: Callable[[str, str], None]) -> AsyncGenerator[Served]:
    """The server of a new vault on a port; `setting` sets the variables of the environment that the reader sets."""
    lay_tables(folder / "vault")
    write_connectors(folder / "data", data_folder(Path(evergrant.__file__).parent), (HUBSPOT,))
    environment = {
        "EVERGRANT_HOME": str(folder / "vault"),
        "EVERGRANT_KEY_SOURCE": "file",
        "EVERGRANT_CONNECTOR_PATH": str(folder / "data"),
        "EVERGRANT_PORT": str(free_port()),
    }
    for name, value in environment.items():
        setting(name, value)
    settings, clock = Settings(), SystemClock()
    client = HUBSPOT.client(settings.redirect_uri(LOCAL_TENANT, HUBSPOT.name))
    sandbox = Sandbox({HUBSPOT.name: client}, clock=clock, chance=random.Random(1), auto_approve=True)
    with running(sandbox) as origin:
        async with open_app(settings, surroundings(clock)) as app:
            account = await connect(app, HUBSPOT, origin)
            await app.desk.rename(account.key, "acme")
            log = structlog.get_logger()
            web = web_app(app, make_server(mcp_parts(app, log), bearer_principal), dict, log)
            setting("EVERGRANT_URL", settings.url)
            setting("EVERGRANT_TOKEN", local_bearer(app.vault.key.ring).reveal())
            async with listening(web, settings.host, settings.port):
                yield Served(app, sandbox, account)
