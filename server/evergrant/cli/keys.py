"""Asking for the key or password of an account: from standard input or at a hidden prompt, never as an argument."""

import sys

import typer

from evergrant.app import App
from evergrant.catalog.auth import NoAuth
from evergrant.cli.output import Exit, Output
from evergrant.model.account import ConnectedAccount
from evergrant.model.secret import Secret
from evergrant.service.keys import prompt
from evergrant.settings import LOCAL_TENANT


async def connect_by_key(
    app: App, out: Output, connector: str, alias: str | None, values: dict[str, str], *, from_stdin: bool
) -> ConnectedAccount | None:
    """The account of a service without OAuth; None where it has OAuth, and a consent is due."""
    if (secret := _secret(app, out, connector, from_stdin=from_stdin)) is None:
        return None
    return await app.keys.connect(LOCAL_TENANT, connector, alias, values, secret)


async def renew_by_key(app: App, out: Output, name: str, *, from_stdin: bool) -> ConnectedAccount | None:
    """The account with a new key; None where its service has OAuth."""
    account = app.desk.find(LOCAL_TENANT, name)
    if (secret := _secret(app, out, account.connector, from_stdin=from_stdin)) is None:
        return None
    return await app.keys.replace(account, secret)


def _secret(app: App, out: Output, connector: str, *, from_stdin: bool) -> Secret | None:
    auth = app.keys.asks(connector)
    if auth is None or isinstance(auth, NoAuth):
        return None if auth is None else Secret("")
    if from_stdin:
        text = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        text = typer.prompt(prompt(auth, app.catalog.connector(connector).name), hide_input=True, default="")
    else:
        out.fail(Exit.USAGE, "no_secret", f"{connector} takes a key: pipe it in with --secret-stdin. See {auth.help}")
    if not text:
        out.fail(Exit.USAGE, "no_secret", f"Nothing was given. {auth.title} is made at {auth.help}")
    return Secret(text)
