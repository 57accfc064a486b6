"""`evergrant vault backup`, `restore` and `export-key`: copies that lie outside the vault's folder."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.passphrase import ask_new
from evergrant.cli.progress import bar
from evergrant.cli.running import ending, person_world, run, settings
from evergrant.cli.server import runs_here
from evergrant.model.secret import Secret
from evergrant.settings import Settings
from evergrant.store.folder import check_folder
from evergrant.vault.copies import CannotCopy, back_up, export_ring
from evergrant.vault.epoch import advance
from evergrant.vault.keys import obtain
from evergrant.vault.restore import Restored
from evergrant.vault.restore import restore as put_back
from evergrant.vault.ring import KeyRing, KeyUnavailable
from evergrant.vault.rotation import unfinished
from evergrant.vault.sources.given import check_new, mounted_passphrase

KEY_APART = (
    "The key is not in it, and it does not open without: keep a copy of the key elsewhere, made by\n"
    "  evergrant vault export-key FILE"
)
AFTER_RESTORE = (
    "Accounts whose refresh tokens rotate are not renewed yet; their access tokens serve while they live.\n"
    "To go on with this copy: evergrant vault accept-restore"
)
HOW_TO_USE = (
    "To restore the key: copy this file as keyring.sealed into the vault's folder (EVERGRANT_HOME), with mode 0600,\n"
    "and take away a vault.key that lies there. Set EVERGRANT_KEY_SOURCE=passphrase or unset it. Then, with the\n"
    "passphrase in EVERGRANT_PASSPHRASE_FILE or typed at the terminal: evergrant status"
)

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")]


def backup(file: NewFile, as_json: bool = JsonOption) -> None:
    """Copy the vault's database into a new FILE while servers run. The key is not in it."""
    out = output(as_json)

    async def work(app: App) -> int:
        if unfinished(await app.vault.ring.read_again()):
            raise CannotCopy("A rotation of the key was not finished. Finish it first: evergrant vault rotate-key")
        with bar(out, "Copied") as told:
            await asyncio.to_thread(back_up, app.vault.file, file, lambda left, of: told(of - left, of))
        return await advance(app.vault.database, app.vault.ring)

    epoch = run(out, work)
    size = file.stat().st_size
    out.show({"file": str(file), "bytes": size, "epoch": epoch}, f"{file}: {size:,} bytes.\n{KEY_APART}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `evergrant vault backup` wrote.")],
    as_json: bool = JsonOption,
) -> None:
    """Put the backup FILE in the place of the vault's database, which is kept beside it. No server may run."""
    out = output(as_json)
    configured = settings(out)
    if running := runs_here(configured):
        where = f"A server of this vault runs at {running.url} (process {running.pid})."
        out.fail(Exit.FAILED, "already_running", f"{where} Stop it first.")
    done = ending(out, lambda: _restore(configured, file))
    former = f"The former database is kept as {done.former}." if done.former else "There was no database before."
    out.show(
        {
            "vault": done.vault_id,
            "accounts": done.accounts,
            "former": str(done.former) if done.former else None,
            "restored": True,
        },
        f"Restored the vault {done.vault_id} with {done.accounts} accounts. {former}\n{AFTER_RESTORE}",
    )


def _restore(configured: Settings, file: Path) -> Restored:
    world = person_world()
    check_folder(configured.home, world.mounts)

    def ring_of(vault_id: str) -> KeyRing:
        given = configured.given(world.ask_passphrase)
        return obtain(configured.home, vault_id, configured.key_source, world.keychain, given, new=False).ring

    return put_back(configured.home, file, ring_of, world.clock.now())


def export_key(
    file: NewFile,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="Read the passphrase from this file instead of asking.")
    ] = None,
    passphrase_stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="Read the passphrase from standard input instead of asking.")
    ] = False,
    as_json: bool = JsonOption,
) -> None:
    """Write the vault's key into a new FILE, sealed under a passphrase of its own (asked twice)."""
    out = output(as_json)
    passphrase = ending(out, lambda: _passphrase(out, passphrase_file, from_stdin=passphrase_stdin))

    async def work(app: App) -> str:
        ring = await app.vault.ring.read_again()
        await asyncio.to_thread(export_ring, ring, app.vault.id, passphrase, file)
        return app.vault.id

    vault_id = run(out, work)
    out.show({"file": str(file), "vault": vault_id}, f"{file}: the key of the vault {vault_id}.\n{HOW_TO_USE}")


def _passphrase(out: Output, path: Path | None, *, from_stdin: bool) -> Secret:
    """The new passphrase; raises KeyUnavailable where it will not do."""
    if path:
        handed = mounted_passphrase(path)
        if handed.warning:
            out.say(f"Warning: {handed.warning}")
        passphrase, name = handed.secret, handed.name
    elif from_stdin:
        passphrase, name = Secret(sys.stdin.readline().rstrip("\r\n")), "standard input"
    elif sys.stdin.isatty():
        passphrase, name = ask_new("New passphrase for the export: ", "nothing was exported"), "what was typed"
    else:
        raise KeyUnavailable("Nobody can be asked for a passphrase here. Give --passphrase-file or --passphrase-stdin.")
    check_new(passphrase, name)
    return passphrase
