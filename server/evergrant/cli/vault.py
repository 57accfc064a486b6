"""`evergrant vault`: its standing, its seals, its key, what was restored, and what must not come back."""

import asyncio
import sys
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.progress import bar
from evergrant.cli.running import run
from evergrant.cli.vault_copies import backup, export_key, restore
from evergrant.cli.vault_render import (
    checked_json,
    checked_text,
    shredded_json,
    shredded_text,
    standing_json,
    standing_text,
)
from evergrant.model.account import ConnectedAccount
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import StoreUnavailable
from evergrant.store.locks import LockBusy
from evergrant.store.upkeep import faults
from evergrant.vault.epoch import accept_restore, advance, is_restored
from evergrant.vault.rotation import one_at_a_time, rotation
from evergrant.vault.shred import Shredded, shred
from evergrant.vault.standing import VaultStanding, standing
from evergrant.vault.verify import Checked, check

vault = typer.Typer(no_args_is_help=True, help="The vault itself: its key, its copies, its seals.")

ACCEPTING = """This vault's database was put back from a backup. Refresh tokens that rotate may have been spent since
the backup was made. A spent one that is sent again can end its grant at the provider, also for another copy of this
vault that still runs.

Accept if this is the copy to go on with, and no other runs. Accounts whose tokens were spent will then ask their people
to reconnect; the others go on by themselves.
"""
NEW_COPIES = (
    "Backups and exports made before do not fit the new key. Make new ones now:\n"
    "  evergrant vault backup FILE\n  evergrant vault export-key FILE\n"
    "To be able to read an older backup, keep the export that was made with it."
)


@vault.command(epilog="Example: evergrant vault status --json")
def status(as_json: bool = JsonOption) -> None:
    """Say where the vault and its key lie, under which keys it is sealed, and whether it was restored."""
    out = output(as_json)

    async def work(app: App) -> VaultStanding:
        return await standing(app.vault)

    found = run(out, work)
    out.show(standing_json(found), standing_text(found))


@vault.command(epilog="Example: evergrant vault verify")
def verify(as_json: bool = JsonOption) -> None:
    """Open every sealed value in memory and check the database's file; ends with 1 where something is broken."""
    out = output(as_json)

    async def work(app: App) -> tuple[list[Checked], list[str]]:
        checked, found = list[Checked](), faults(app.vault.file)
        with bar(out, "Checked") as told:
            try:
                for batch in check(app.vault):
                    checked.append(batch)
                    told(sum(one.rows for one in checked), None)
            except StoreUnavailable as error:  # a page that cannot be read: what was found until then is told too
                found.append(str(error))
        return checked, found

    checked, found = run(out, work)
    out.show(checked_json(checked, found), checked_text(checked, found))
    if found or any(one.broken for one in checked):
        raise typer.Exit(Exit.FAILED)


@vault.command(name="rotate-key", epilog="Example: evergrant vault rotate-key")
def rotate_key(as_json: bool = JsonOption) -> None:
    """Give the vault a new key while servers run. What was stopped is finished by running it again."""
    out = output(as_json)

    async def work(app: App) -> tuple[int, int]:
        version = done = 0
        with one_at_a_time(app.vault), bar(out, "Wrapped anew") as told:
            async for progress in rotation(app.vault).run():
                version, done = progress.version, progress.done
                told(done, done + progress.left)
            await advance(app.vault.database, app.vault.ring)
        return version, done

    version, done = run(out, work)
    text = f"The vault's key is now version {version}; {done} data keys were wrapped anew. The former key is gone."
    out.show({"version": version, "data_keys": done}, f"{text}\n{NEW_COPIES}")


@vault.command(name="accept-restore", epilog="Example: evergrant vault accept-restore --yes")
def accept(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: bool = JsonOption) -> None:
    """Go on with a database that was restored from a backup: renew grants that rotate again."""
    out = output(as_json)

    async def work(app: App) -> bool:
        if not is_restored(app.vault.database, app.vault.ring):
            return False
        if not yes:
            await asyncio.to_thread(_ask, out)
        return await accept_restore(app.vault.database, app.vault.ring)

    accepted = run(out, work)
    text = "Accepted. Grants are renewed again within a minute, or at the next call." if accepted else "Nothing to do."
    out.show({"accepted": accepted}, text if accepted else f"{text} This vault was not restored from a backup.")


def _ask(out: Output) -> None:
    out.tell(ACCEPTING)
    if not sys.stdin.isatty():
        out.fail(Exit.USAGE, "not_asked", "Nobody can be asked here. To accept: evergrant vault accept-restore --yes")
    if not typer.confirm("Go on with this copy?", err=True):
        out.fail(Exit.FAILED, "declined", "Nothing was changed.")


@vault.command(name="shred", epilog="Example: evergrant vault shred acme")
def shred_account(
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Alias or id.")], as_json: bool = JsonOption
) -> None:
    """Destroy an account's data key and its rows here, and measure what is left of them. Asks no provider."""
    out = output(as_json)

    async def work(app: App) -> tuple[ConnectedAccount, Shredded]:
        account = app.desk.find(LOCAL_TENANT, name)
        try:
            async with app.desk.locks.hold(account.key):
                return account, await shred(app.vault, account.key)
        except LockBusy:
            return account, await shred(app.vault, account.key)

    account, shredded = run(out, work)
    out.show(shredded_json(account, shredded), shredded_text(account, shredded))
    if shredded.residue or not shredded.log_emptied:
        raise typer.Exit(Exit.FAILED)


vault.command(epilog="Example: evergrant vault backup /mnt/backup/vault.db")(backup)
vault.command(epilog="Example: evergrant vault restore /mnt/backup/vault.db")(restore)
vault.command(name="export-key", epilog="Example: evergrant vault export-key /mnt/safe/keyring.sealed")(export_key)
