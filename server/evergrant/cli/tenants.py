"""`evergrant tenants`: those whose accounts this vault keeps apart."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.output import Exit, JsonOption, cells, output, table
from evergrant.cli.running import run
from evergrant.model.json import Json
from evergrant.model.tenant import LOCAL_TENANT, Holdings, Rate, Tenant
from evergrant.service.revoking import Receipt

tenants = typer.Typer(no_args_is_help=True, help="Those whose accounts this vault keeps apart, such as your customers.")

TenantId = Annotated[str, typer.Argument(metavar="ID")]
OwnId = Annotated[str | None, typer.Option("--id", help="As your identity provider names it; else one is made.")]
PerSecond = Annotated[float | None, typer.Option("--rate", help="Requests a second, instead of the server's limit.")]
Burst = Annotated[int | None, typer.Option("--burst", help="How many at once after a pause; with --rate.")]
Purge = Annotated[bool, typer.Option("--purge", help="End all that it has: accounts are revoked at their providers.")]


@tenants.command(epilog="Example: evergrant tenants create 'Acme Ltd'")
def create(
    name: str, own_id: OwnId = None, rate: PerSecond = None, burst: Burst = None, as_json: bool = JsonOption
) -> None:
    """Make a tenant."""
    out = output(as_json)
    if (rate is None) != (burst is None):
        out.fail(Exit.USAGE, "bad_input", "A limit has both: --rate 100 --burst 400")
    limit = Rate(rate, burst) if rate is not None and burst is not None else None

    async def work(app: App) -> Tenant:
        return await app.tenant_desk.make(name, own_id, limit)

    made = run(out, work)
    first_key = f"Its first key: evergrant keys create 'back end' --operator --tenant {made.id}"
    out.show(_as_json(made), f"{made.id}\n{first_key}")


@tenants.command(name="list", epilog="Example: evergrant tenants list --json")
def list_tenants(as_json: bool = JsonOption) -> None:
    """Show every tenant."""
    out = output(as_json)

    async def work(app: App) -> list[Tenant]:
        return app.tenant_desk.every()

    found = run(out, work)
    shown = table("id", "name", "limit", "since")
    for one in found:
        shown.add_row(*cells(one.id, one.name, _limit(one), one.created_at.date().isoformat()))
    out.show({"tenants": [_as_json(one) for one in found]}, shown)


@tenants.command(epilog="Example: evergrant tenants show tnt_01JD9Z...")
def show(tenant_id: TenantId, as_json: bool = JsonOption) -> None:
    """Show one tenant and how much it has."""
    out = output(as_json)

    async def work(app: App) -> tuple[Tenant, Holdings]:
        found = app.tenant_desk.find(tenant_id)
        return found, app.tenant_desk.holdings(found)

    found, has = run(out, work)
    counted = {
        "accounts": has.accounts,
        "connections": has.connections,
        "keys": has.keys,
        "webhook_endpoints": has.webhook_endpoints,
    }
    rows = "\n".join(f"  {name.replace('_', ' '):<18} {count}" for name, count in counted.items())
    text = f"{found.id}  {found.name!r}  limit {_limit(found)}\n{rows}"
    out.show({**_as_json(found), **counted}, text)


@tenants.command(epilog="Example: evergrant tenants remove tnt_01JD9Z... --purge")
def remove(tenant_id: TenantId, purge: Purge = False, as_json: bool = JsonOption) -> None:
    """Remove a tenant; one that still has something only with --purge."""
    out = output(as_json)

    async def work(app: App) -> Sequence[Receipt]:
        return await app.tenant_desk.remove(tenant_id, purge=purge)

    receipts = run(out, work)
    ended: list[Json] = [_ended(receipt) for receipt in receipts]
    left = [receipt for receipt in receipts if receipt.outcome != "ok"]
    words = [f"{tenant_id}: removed. Accounts ended: {len(receipts)}."]
    words += [
        f"  {each.account.alias!r} was NOT revoked at {each.account.connector}: {each.why}. {each.help or ''}".rstrip()
        for each in left
    ]
    out.show({"removed": tenant_id, "accounts": ended}, "\n".join(words))


def _limit(tenant: Tenant) -> str:
    if tenant.rate:
        return f"{tenant.rate.per_s:g}/s, {tenant.rate.burst} at once"
    return "none" if tenant.id == LOCAL_TENANT else "the server's"


def _as_json(tenant: Tenant) -> Mapping[str, Json]:
    rate = tenant.rate
    return {
        "id": tenant.id,
        "name": tenant.name,
        "limit": {"requests_per_second": rate.per_s, "burst": rate.burst} if rate else None,
        "being_removed": tenant.ends,
        "created_at": tenant.created_at.isoformat(),
    }


def _ended(receipt: Receipt) -> Mapping[str, Json]:
    return {
        "connected_account_id": receipt.account.id,
        "alias": receipt.account.alias,
        "connector": receipt.account.connector,
        "revoked_at_provider": receipt.outcome == "ok",
        "why_not": receipt.why,
        "help": receipt.help,
    }
