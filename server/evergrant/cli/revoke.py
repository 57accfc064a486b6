"""`evergrant revoke`: end one account's grant at its provider, or everything at once."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.accounts import take_away
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.receipts import Book, opened, plans_json, plans_text
from evergrant.cli.running import run
from evergrant.service.revoking import Plan
from evergrant.store.database import StoreUnavailable

Name = Annotated[str | None, typer.Argument(metavar="ACCOUNT", help="Alias or id.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every account of the vault. Rehearse it with --dry-run.")]
AtProvider = Annotated[bool, typer.Option("--at-provider", help="To be said with --all: the grants end for good.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what --all would do; send and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before --all.")]
ShredFailed = Annotated[
    bool, typer.Option("--shred-failed", help="Delete accounts here too whose provider did not revoke them.")
]
Receipts = Annotated[
    Path | None, typer.Option("--receipts", metavar="FILE", help="Append each receipt of --all as a line of JSON.")
]
Tenants = Annotated[
    list[str] | None, typer.Option("--tenant", metavar="TENANT", help="Only the accounts of this tenant; repeatable.")
]


def revoke(
    name: Name = None,
    everything: All = False,
    at_provider: AtProvider = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    shred_failed: ShredFailed = False,
    receipts: Receipts = None,
    tenant: Tenants = None,
    as_json: bool = JsonOption,
) -> None:
    """Revoke ACCOUNT's grant at its provider (RFC 7009 or the provider's own way), then forget it here.

    With --all --at-provider, in an emergency: stop every account at once, revoke every grant at its provider, print a
    receipt for each (ok, failed, unsupported) and shred it here. An account whose revocation failed stays, stopped;
    run the command again. The exit code is 0 only where all were ok.
    """
    out = output(as_json)
    if not everything:
        if name is None or dry_run or yes or shred_failed or receipts or tenant:
            out.fail(
                Exit.USAGE, "bad_usage", "Name an ACCOUNT, or say --all --at-provider. See: evergrant revoke --help"
            )
        take_away(name, as_json, at_provider=True)
        return
    if name is not None or not at_provider:
        out.fail(Exit.USAGE, "bad_usage", "--all goes with --at-provider and without ACCOUNT: it ends grants for good.")
    tenants = tuple(tenant or ())
    if dry_run:
        _rehearse(out, tenants)
        return
    _confirm(out, yes=yes)
    _end_all(out, _book(out, receipts), tenants, shred_failed=shred_failed)


def _rehearse(out: Output, tenants: tuple[str, ...]) -> None:
    async def work(app: App) -> list[Plan]:
        return app.panic.rehearse(tenants)

    plans = run(out, work)
    _none_found(out, tenants, len(plans))
    out.show(plans_json(plans), plans_text(plans) if plans else "There is no account.")
    if any(plan.outcome != "ok" for plan in plans):
        raise typer.Exit(Exit.PROVIDER)


def _confirm(out: Output, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        out.fail(Exit.USAGE, "not_confirmed", "Nobody can be asked here. Rehearse with --dry-run, then say --yes.")
    question = "End every grant at its provider and delete every account here? It cannot be undone."
    if not typer.confirm(question, err=True):
        out.fail(Exit.FAILED, "cancelled", "Cancelled. Nothing was sent, and nothing was changed.")


def _book(out: Output, path: Path | None) -> Book:
    try:
        return Book(out, opened(path))
    except OSError as error:
        out.fail(Exit.FAILED, "receipts_unwritable", f"The receipts cannot be written, so nothing was begun: {error}")


def _end_all(out: Output, book: Book, tenants: tuple[str, ...], *, shred_failed: bool) -> None:
    async def work(app: App) -> None:
        book.expected = len(app.panic.all(tenants))
        _none_found(out, tenants, book.expected)
        try:
            await app.panic.end_all(
                lambda receipt: book.add(receipt, app.clock.now()), tenants, shred_failed=shred_failed
            )
        except StoreUnavailable as error:
            book.error = str(error)
        finally:
            with suppress(StoreUnavailable):
                book.log_emptied = await app.accounts.empty_log()

    try:
        run(out, work)
    except KeyboardInterrupt:
        book.interrupted = True
    out.show(book.as_json(), book.as_text() if book.expected else "There is no account.")
    if book.interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    if not book.all_ok:
        raise typer.Exit(Exit.FAILED if book.error else Exit.PROVIDER)


def _none_found(out: Output, tenants: tuple[str, ...], found: int) -> None:
    """A tenant's name that was mistyped must not look like work done."""
    if tenants and not found:
        out.fail(Exit.NOT_CONNECTED, "not_found", f"There is no account of {', '.join(tenants)}.")
