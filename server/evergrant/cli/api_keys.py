"""`evergrant keys`: API keys for those who reach the server over HTTP."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.output import Exit, JsonOption, cells, output, table
from evergrant.cli.running import run
from evergrant.cli.tenancy import OWN, TenantOption, checked
from evergrant.model.api_key import ApiKey
from evergrant.model.policy import POLICIES, Policy
from evergrant.model.secret import Secret
from evergrant.service.api_keys import CannotMakeKey, Wish

keys = typer.Typer(no_args_is_help=True, help="API keys: who may call which tools as which accounts, and until when.")

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
Accounts = Annotated[list[str] | None, typer.Option("--account", help="Only this account; again for more.")]
Tools = Annotated[list[str] | None, typer.Option("--tool", help="Only these tools, as gmail_*; again for more.")]
Toolsets = Annotated[
    list[str] | None, typer.Option("--toolset", help="Only tools of this toolset, as gmail; again for more.")
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Short for --policy read_only.")]
OfKey = Annotated[
    str | None,
    typer.Option("--policy", metavar="|".join(POLICIES), help="What runs at once, and what a person approves first."),
]
Operator = Annotated[bool, typer.Option("--operator", help="Also for links, events, webhooks and keys.")]
Expires = Annotated[str | None, typer.Option("--expires", metavar="30d|12h|90m", help="Else it has no end.")]


@keys.command(epilog="Example: evergrant keys create night-agent --account acme --tool 'hubspot_*' --expires 30d")
def create(
    name: str,
    account: Accounts = None,
    tool: Tools = None,
    policy: OfKey = None,
    toolset: Toolsets = None,
    read_only: ReadOnly = False,
    operator: Operator = False,
    expires: Expires = None,
    tenant: TenantOption = OWN,
    as_json: bool = JsonOption,
) -> None:
    """Make a key and print it, this once; without limits it may call every tool as every account."""
    out = output(as_json)
    life = _life(expires)
    if expires and life is None:
        out.fail(Exit.USAGE, "bad_input", f"{expires!r} is no time: write 30d, 12h or 90m.")
    if policy is not None and policy not in POLICIES:
        out.fail(Exit.USAGE, "bad_input", f"{policy!r} is no policy: there are {', '.join(POLICIES)}.")
    if read_only and policy not in (None, "read_only"):
        out.fail(Exit.USAGE, "bad_input", f"--read-only and --policy {policy} contradict each other.")
    chosen: Policy | None = "read_only" if read_only else policy
    wish = Wish(name, account, tool or (), chosen, operator, life, toolsets=toolset or ())

    async def work(app: App) -> tuple[ApiKey, Secret] | CannotMakeKey:
        try:
            return await app.key_desk.make(checked(app, tenant), wish)
        except CannotMakeKey as error:
            return error

    made = run(out, work)
    if isinstance(made, CannotMakeKey):
        out.fail(Exit.USAGE, "cannot_make", str(made))
    key, borne = made
    text = f"{borne.reveal()}\n\nIt is shown this once. End it: evergrant keys end {key.id}"
    out.show({**key.as_json(), "key": borne.reveal()}, text)


@keys.command(name="list", epilog="Example: evergrant keys list --json")
def list_keys(tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Show every key and what it is for, but not the key itself."""
    out = output(as_json)

    async def work(app: App) -> list[ApiKey]:
        return app.key_desk.keys.all(checked(app, tenant))

    found = run(out, work)
    shown = table("id", "name", "accounts", "tools", "toolsets", "may", "until")
    for key in found:
        accounts = "all" if key.accounts is None else ", ".join(key.accounts)
        until = key.expires_at.isoformat() if key.expires_at else "no end"
        tools, sets = ", ".join(key.tools) or "all", ", ".join(key.toolsets) or "all"
        shown.add_row(*cells(key.id, key.name, accounts, tools, sets, _may(key), until))
    empty = "None yet. Make one: evergrant keys create night-agent --expires 30d"
    out.show({"keys": [key.as_json() for key in found]}, shown if found else empty)


@keys.command(epilog="Example: evergrant keys end key_01JD9Z...")
def end(
    key_id: Annotated[str, typer.Argument(metavar="ID")], tenant: TenantOption = OWN, as_json: bool = JsonOption
) -> None:
    """End a key: whoever bears it is refused from now on."""
    out = output(as_json)

    async def work(app: App) -> bool:
        return await app.key_desk.keys.remove(checked(app, tenant), key_id)

    if not run(out, work):
        out.fail(Exit.USAGE, "not_found", f"There is no key {key_id!r}. See which there are: evergrant keys list")
    out.show({"ended": key_id}, f"{key_id} has ended.")


def _life(text: str | None) -> timedelta | None:
    found = re.fullmatch(r"(\d{1,6})([mhd])", text or "")
    return timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None


def _may(key: ApiKey) -> str:
    if key.operator:
        return "operate"
    return key.policy or "as the server's policy says"
