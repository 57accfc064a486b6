"""`evergrant accounts`: the accounts that people have connected."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table

from evergrant.app import App
from evergrant.cli.output import JsonOption, output
from evergrant.cli.render import account_json, accounts_table, standing_json, standing_text
from evergrant.cli.running import run
from evergrant.cli.tenancy import OWN, TenantOption, checked
from evergrant.model.json import Json
from evergrant.service.accounts import Removal, Standing

accounts = typer.Typer(no_args_is_help=True, help="The accounts that people have connected.")

Name = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Alias or id.")]


@accounts.command(name="list", epilog="Example: evergrant accounts list --json")
def list_accounts(tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Show every account with its two clocks."""
    out = output(as_json)

    async def work(app: App) -> tuple[list[Standing], Table]:
        standings = [app.desk.standing(account) for account in app.accounts.all(checked(app, tenant))]
        return standings, accounts_table(standings, app.clock.now())

    standings, shown = run(out, work)
    empty = "No account is connected yet. Connect one: evergrant connect hubspot"
    out.show({"accounts": [standing_json(one) for one in standings]}, shown if standings else empty)


@accounts.command(epilog="Example: evergrant accounts show acme")
def show(name: Name, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Show one account: identity, scopes, clocks, tools."""
    out = output(as_json)

    async def work(app: App) -> tuple[Standing, str]:
        standing = app.desk.standing(app.desk.find(checked(app, tenant), name))
        return standing, standing_text(standing, app.clock.now())

    standing, text = run(out, work)
    out.show(standing_json(standing), text)


@accounts.command(epilog="Example: evergrant accounts rename hubspot acme-crm")
def rename(name: Name, alias: str, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Give an account another alias."""
    out = output(as_json)

    async def work(app: App) -> str:
        account = app.desk.find(checked(app, tenant), name)
        await app.desk.rename(account.key, alias)
        return account.id

    account_id = run(out, work)
    out.show({"id": account_id, "alias": alias}, f"{account_id} is now called {alias!r}.")


@accounts.command(epilog="Example: evergrant accounts remove acme")
def remove(name: Name, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Forget an account here. Its grant lives on at the provider; `evergrant revoke` ends it there too."""
    take_away(name, as_json, at_provider=False, tenant=tenant)


@accounts.command(epilog="Example: evergrant accounts pause acme")
def pause(name: Name, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Let no call of an account through. Its grant is kept alive, and calls that wait for its person go on waiting."""
    _set_paused(name, tenant, as_json, paused=True)


@accounts.command(epilog="Example: evergrant accounts resume acme")
def resume(name: Name, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Let the calls of a paused account through again."""
    _set_paused(name, tenant, as_json, paused=False)


def _set_paused(name: str, tenant: str, as_json: bool, *, paused: bool) -> None:
    out = output(as_json)

    async def work(app: App) -> str:
        account = app.desk.find(checked(app, tenant), name)
        await app.desk.pause(account.key, paused=paused)
        return account.id

    account_id = run(out, work)
    out.show({"id": account_id, "paused": paused}, f"{account_id}: {'paused' if paused else 'resumed'}.")


def take_away(name: str, as_json: bool, *, at_provider: bool, tenant: str = OWN) -> None:
    """Remove an account, with its grant at the provider where that is asked for, and print what came of it."""
    out = output(as_json)

    async def work(app: App) -> Removal:
        return await app.desk.remove(app.desk.find(checked(app, tenant), name), at_provider=at_provider)

    removal = run(out, work)
    out.show(_removal_json(removal), _removal_text(removal, at_provider=at_provider))


def _removal_json(removal: Removal) -> Mapping[str, Json]:
    return {
        **account_json(removal.account),
        "removed": True,
        "revoked_at_provider": removal.revoked_at_provider,
        "why_not": removal.why_not,
        "help": removal.help,
    }


def _removal_text(removal: Removal, *, at_provider: bool) -> str:
    alias, connector = removal.account.alias, removal.account.connector
    if removal.revoked_at_provider:
        return f"{alias!r}: revoked at {connector} and forgotten here."
    if not at_provider:
        return f"{alias!r}: forgotten here. Its grant lives on at {connector}; end it there in your account settings."
    return (
        f"{alias!r}: forgotten here, but NOT revoked at {connector}: {removal.why_not}. "
        f"End it there in your account settings{f': {removal.help}' if removal.help else '.'}"
    )
