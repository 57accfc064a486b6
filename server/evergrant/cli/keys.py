"""Asking for the key or password of an account: from standard input or at a hidden prompt, never as an argument."""

import sys

import typer

from evergrant.app import App
from evergrant.catalog.auth import NoAuth
from evergrant.cli.output import Exit, Output
from evergrant.model.account import ConnectedAccount
from evergrant.model.secret import Secret
from evergrant.oauth.device import DeviceCode
from evergrant.service.keys import prompt
from evergrant.settings import LOCAL_TENANT


async def connect_by_key(
    app: App, out: Output, connector: str, alias: str | None, values: dict[str, str], *, from_stdin: bool
) -> ConnectedAccount | None:
    """The account of a service without a consent page that leads back here; None where a consent is due."""
    if app.unattended.serves(connector):
        key = _key(app, connector, from_stdin)
        return await app.unattended.connect(
            LOCAL_TENANT, connector, alias, values, key=key, show=lambda code: _show(out, code)
        )
    if (secret := _secret(app, out, connector, from_stdin=from_stdin)) is None:
        return None
    return await app.keys.connect(LOCAL_TENANT, connector, alias, values, secret)


async def renew_by_key(app: App, out: Output, name: str, *, from_stdin: bool) -> ConnectedAccount | None:
    """The account with a new key, or a new grant had in another way; None where a consent is due."""
    account = app.desk.find(LOCAL_TENANT, name)
    if app.unattended.serves(account.connector):
        return await app.unattended.renew(
            account, key=_key(app, account.connector, from_stdin), show=lambda code: _show(out, code)
        )
    if (secret := _secret(app, out, account.connector, from_stdin=from_stdin)) is None:
        return None
    return await app.keys.replace(account, secret)


def _key(app: App, connector: str, from_stdin: bool) -> Secret | None:
    return Secret(sys.stdin.read()) if from_stdin and app.unattended.wants_key(connector) else None


def _show(out: Output, code: DeviceCode) -> None:
    out.tell(f"Open {code.complete_uri or code.verification_uri} on any device and type in this code: {code.user_code}")
    out.say("Waiting until you have consented there. Ctrl-C cancels.")


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
