"""What is measured, set up: a vault with accounts and tools, and the servers beside each other."""

import json
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.bench.calls.process import started
from tests.bench.calls.provider import TOKEN
from tests.bench.filling import fill
from tests.fakes.practice import surroundings

from evergrant.app import open_app
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.grant import Grant
from evergrant.model.ids import new_id
from evergrant.model.secret import Secret
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.vault.bearer import local_bearer
from evergrant.vault.grants import Grants

CONNECTOR = "bench"
ALIAS = "measured"
DECLARED = {
    "extends": "sandbox",
    "name": "Bench",
    "description": "A service that answers at once.",
    "grant": {"access_token_ttl_s": 86_400},
}


def tool_name(number: int) -> str:
    """Of the tools of the connector, each like the other."""
    return f"{CONNECTOR}_search_contacts_{number:04}"


def write_connector(folder: Path, tools: int) -> None:
    """A connector with so many tools in `folder`."""
    shown = {"type": "string", "description": "Text to look for, in any case, such as acme."}
    limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20, "description": "How many to return."}
    declared = {
        tool_name(number): {
            "description": f"Search the contacts of department {number} by a text in name, e-mail address or company.",
            "request": "GET /crm/contacts",
            "effect": "read",
            "scopes": ["crm.read"],
            "input": {"query": shown, "limit": limit},
            "items": "/results",
            "output": {"type": "object", "properties": {"results": {"type": "array"}, "next": {}}},
            "example": {"query": "bakery"},
        }
        for number in range(tools)
    }
    for kind, content in (("connectors", DECLARED), ("schemas", declared)):
        (folder / kind).mkdir(parents=True)
        # JSON is YAML too.
        (folder / kind / f"{CONNECTOR}.yaml").write_text(json.dumps(content), encoding="utf-8")


async def fill_vault(settings: Settings, origin: str, accounts: int) -> str:
    """A vault whose first account is one of the provider at `origin`; returns the vault's bearer."""
    clock = SystemClock()
    async with open_app(settings, surroundings(clock)) as app:
        connection = await app.registry.add(
            LOCAL_TENANT, CONNECTOR, client_id="bench", client_secret=Secret("secret"), redirect_uri="http://localhost"
        )
        now = clock.now()
        account = ConnectedAccount(
            id=new_id("conn", now),
            tenant_id=LOCAL_TENANT,
            connection_id=connection.id,
            connector=CONNECTOR,
            alias=ALIAS,
            subject="1",
            label="ada@acme.example",
            state="active",
            cause=None,
            scopes_requested=("crm.read",),
            scopes_granted=("crm.read",),
            values={"origin": origin},
            created_at=now,
        )
        later = now + timedelta(days=1)
        grant = Grant(1, Secret(TOKEN), Secret("refresh" * 8), now, later, later)
        await Grants(app.vault.database, app.vault.data_keys).connect(account, grant)
        fill(app.vault.database, LOCAL_TENANT, connection.id, accounts, now)
        return local_bearer(app.vault.key.ring).reveal()


@dataclass(frozen=True, slots=True)
class Ours:
    """A server of ours that runs."""

    process: Process
    port: int
    bearer: str
    env: Mapping[str, str]
    """What leads another command to its vault."""


@asynccontextmanager
async def serving(home: Path, origin: str, tools: int, accounts: int) -> AsyncGenerator[Ours, None]:
    """`evergrant serve` on a new vault in `home`, for the block."""
    write_connector(home / "own", tools)
    settings = Settings(home=home / "vault", key_source="file", connector_path=(home / "own",))
    bearer = await fill_vault(settings, origin, accounts)
    env = {
        "EVERGRANT_HOME": str(settings.home),
        "EVERGRANT_KEY_SOURCE": "file",
        "EVERGRANT_CONNECTOR_PATH": str(home / "own"),
    }
    port = free_port()
    async with started("-m", "evergrant", "serve", "--json", "--port", str(port), env=env) as process:
        assert process.stdout
        await process.stdout.readline()
        yield Ours(process, port, bearer, env)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
