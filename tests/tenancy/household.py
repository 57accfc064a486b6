"""Fifty tenants of one vault, each with something of every kind, all of it marked with a canary of its own."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx2
import structlog
from starlette.applications import Starlette
from tests.entry.modern import modern
from tests.fakes.clock import ManualClock
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, START, Practice, practice, sandbox
from tests.tenancy.asgi import Asked, send

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.list_changes import ListChanges
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.audit import EVERYTHING
from evergrant.model.clock import SystemClock
from evergrant.model.grant import Grant
from evergrant.model.ids import new_id
from evergrant.model.kept_result import KeptResult
from evergrant.model.outcome import Result
from evergrant.model.secret import Secret
from evergrant.model.tool_mode import ALL
from evergrant.parts import mcp_parts
from evergrant.sandbox.contact import ContactFields
from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer
from evergrant.vault.grants import Grants

CAN: Mapping[str, object] = {"elicitation": {"form": {}, "url": {}}}
ROW, DELETE, FIRST = "sandbox_append_row", "sandbox_delete_contact", {"contact_id": "con_00000001"}

ASKED_OF_EACH = {**FIRST, "account": "common"}
"""Of the call whose second round every tenant's client has before it."""


def tag(number: int) -> str:
    """The canary of a tenant: it stands in all that it has and is told by."""
    return f"tq{number:03}qt"


@dataclass
class Tenant:
    """What a tenant has, by kind, and who bears its keys."""

    id: str
    tag: str
    bearers: list[str] = field(default_factory=list[str])
    """Its operator's first."""
    has: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    """MCP sessions of the handshake era, by bearer."""


@dataclass(frozen=True)
class Household:
    """A served vault and its tenants; the vault's own is the last."""

    world: Practice
    web: Starlette
    tenants: Sequence[Tenant]


@asynccontextmanager
async def household(home: Path, count: int) -> AsyncGenerator[Household, None]:
    """So many tenants beside the vault's own. No network is needed: whoever is asked, the practice provider answers."""
    provider = sandbox(ManualClock(START))
    at_provider = httpx2.ASGITransport(provider.app)
    limit = (100_000, 1_000_000)
    async with practice(
        home, provider=provider, transport=at_provider, resolve=_somewhere, limit=limit, permit=["127.0.0.1"]
    ) as world:
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[_silent])
        parts = mcp_parts(world.app, log)
        # It looks for changes again and again, which moves a clock on that stands still by itself.
        changes = ListChanges(parts.accounts, parts.calls.changes, SystemClock(), log)
        parts = replace(parts, hold_s=0, tools=(ALL,), list_changes=changes)
        web = web_app(world.app, make_server(parts, bearer_principal), dict, log)
        async with web.router.lifespan_context(web):
            tenants = [await _tenant(world, web, f"tnt-{tag(number)}", tag(number)) for number in range(count)]
            local = Tenant(LOCAL_TENANT, "tqlocqt", [local_bearer(world.app.vault.ring.ring).reveal()])
            yield Household(world, web, [*tenants, await _furnished(world, web, local)])


def _silent(_log: object, _method: str, _event: object) -> str:
    return ""


async def _somewhere(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def _tenant(world: Practice, web: Starlette, tenant_id: str, canary: str) -> Tenant:
    await world.app.tenant_desk.make(f"Tenant {canary}", tenant_id)
    await world.app.registry.add(
        tenant_id, "sandbox", client_id=CLIENT_ID, client_secret=Secret(CLIENT_SECRET), redirect_uri=REDIRECT_URI
    )
    return await _furnished(world, web, Tenant(tenant_id, canary))


async def _furnished(world: Practice, web: Starlette, tenant: Tenant) -> Tenant:
    app, has = world.app, tenant.has
    lives, dead = [await _account(world, tenant, number) for number in (0, 1)]
    world.sandbox.revoke(user=f"user-{tenant.tag}-1")
    has["account"] = [lives.id, lives.alias, dead.id, dead.alias]
    has["alias"] = [lives.alias, dead.alias]
    has["connection"] = [lives.connection_id]
    has["key"] = await _keys(world, tenant, lives)
    has["call"] = await _calls(world, tenant, lives, dead)
    has["result"] = [await _result(world, tenant, lives)]
    has["endpoint"] = [(await app.webhooks.add(tenant.id, f"http://127.0.0.1/hooks/{tenant.tag}"))[0].id]
    wish = app.links.to_connect(tenant.id, "sandbox", f"link-{tenant.tag}", {"origin": world.url})
    has["link"] = [app.links.made(wish).url.rpartition("/")[2]]
    begun = await app.connect.begin(tenant.id, "sandbox", f"begun-{tenant.tag}", {"origin": world.url})
    has["authorization"] = [begun.authorization_id]
    has["idempotency"] = [f"idem-{tenant.tag}-{number}" for number in range(3)]
    has["uri"] = [f"evergrant://accounts/{lives.id}", f"evergrant://results/{has['result'][0]}"]
    has["tenant"] = [tenant.id]
    has["state"] = [await _state(web, tenant)]
    has["cursor"] = [*await _cursors(web, tenant), lives.id]
    await app.audit.journal.drain()
    has["line"] = [line.id for line in app.audit_log.page(tenant.id, EVERYTHING, 3)]
    assert all(has.values()), has
    return tenant


async def _account(world: Practice, tenant: Tenant, number: int) -> ConnectedAccount:
    app, user, now = world.app, f"user-{tenant.tag}-{number}", world.clock.now()
    world.sandbox.book(user).create(ContactFields(name=f"Contact of {tenant.tag}", note=tenant.tag), now)
    connection = app.connections.find(tenant.id, "sandbox")
    assert connection
    account = ConnectedAccount(
        id=new_id("conn", now),
        tenant_id=tenant.id,
        connection_id=connection.id,
        connector="sandbox",
        alias=f"acme-{tenant.tag}" if number == 0 else "common",
        subject=f"usr_{user}",
        label=f"{user}@example.test",
        state="active",
        cause=None,
        scopes_requested=("crm.read", "crm.write"),
        scopes_granted=("crm.read", "crm.write"),
        values={"origin": world.url},
        created_at=now,
    )
    issued = world.sandbox.issue(CLIENT_ID, user)
    access, refresh = (Secret(str(issued[name])) for name in ("access_token", "refresh_token"))
    grant = Grant(1, access, refresh, now, now + timedelta(seconds=1800), None)
    return await Grants(app.vault.database, app.vault.data_keys).connect(account, grant)


async def _keys(world: Practice, tenant: Tenant, account: ConnectedAccount) -> list[str]:
    wishes = (
        Wish(f"operator {tenant.tag}", operator=True),
        Wish(f"agent {tenant.tag}", policy="full"),
        Wish(f"asks {tenant.tag}"),
        Wish(f"limited {tenant.tag}", accounts=[account.id]),
        Wish(f"reads {tenant.tag}", policy="read_only"),
    )
    made = [await world.app.key_desk.make(tenant.id, wish) for wish in wishes]
    tenant.bearers += [borne.reveal() for _, borne in made]
    return [key.id for key, _ in made]


async def _calls(world: Practice, tenant: Tenant, lives: ConnectedAccount, dead: ConnectedAccount) -> list[str]:
    held = world.app.held_calls
    for number in range(2):
        await held.execute(dead.key, ROW, {"row": [f"{tenant.tag} {number}"]})
        await held.propose(lives.key, DELETE, FIRST)
    await held.execute(lives.key, "sandbox_search_contacts", {"query": tenant.tag})
    return [call.id for call in held.listed(tenant.id)]


async def _result(world: Practice, tenant: Tenant, account: ConnectedAccount) -> str:
    now, rows = world.clock.now(), [{"note": f"{tenant.tag} {number}"} for number in range(50)]
    result = Result(account=account.id, label=account.label, content={"rows": rows})
    kept = KeptResult(new_id("res", now), tenant.id, "sandbox_list_rows", now, now + timedelta(hours=1), result)
    assert await world.app.kept_results.add(kept)
    return kept.id


async def _state(web: Starlette, tenant: Tenant) -> str:
    """What a client of 2026-07-28 carries from the first round to the second."""
    call = {"name": DELETE, "arguments": ASKED_OF_EACH}
    given = modern("tools/call", call, DELETE, CAN, bearer=tenant.bearers[min(2, len(tenant.bearers) - 1)])
    got = await send(web, Asked("POST", "/mcp", given["headers"]).with_body(given["json"]))
    return str(json.loads(got.text)["result"]["requestState"])


async def _cursors(web: Starlette, tenant: Tenant) -> list[str]:
    """What lists go on at."""
    found: list[str] = []
    for path in ("/v1/accounts", "/v1/calls", "/v1/keys"):
        got = await send(web, Asked("GET", path, {"authorization": f"Bearer {tenant.bearers[0]}"}, "limit=1"))
        found += [cursor] if (cursor := json.loads(got.text)["next_cursor"]) else []
    return found
