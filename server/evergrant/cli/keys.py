"""Asking for the key or password of an account: from standard input or at a hidden prompt, never as an argument."""

import re
import sys

from evergrant.app import App
from evergrant.catalog.auth import ApiKey, Basic, NoAuth
from evergrant.catalog.registration import Pasted
from evergrant.cli.output import Exit, Output
from evergrant.cli.wizard import words
from evergrant.cli.wizard.pasting import given
from evergrant.cli.wizard.terminal import Person
from evergrant.model.account import ConnectedAccount
from evergrant.model.secret import Secret
from evergrant.oauth.device import DeviceCode
from evergrant.service.pasting import cleaned, unlike
from evergrant.settings import LOCAL_TENANT


async def connect_by_key(
    app: App,
    out: Output,
    person: Person | None,
    connector: str,
    alias: str | None,
    values: dict[str, str],
    *,
    from_stdin: bool,
) -> ConnectedAccount | None:
    """The account of a service without a consent page that leads back here; None where a consent is due."""
    if app.unattended.serves(connector):
        key = _key(app, connector, from_stdin)
        return await app.unattended.connect(
            LOCAL_TENANT, connector, alias, values, key=key, show=lambda code: _show(out, code)
        )
    if (secret := _secret(app, out, person, connector, from_stdin=from_stdin)) is None:
        return None
    return await app.keys.connect(LOCAL_TENANT, connector, alias, values, secret)


async def renew_by_key(
    app: App, out: Output, person: Person | None, account: ConnectedAccount, *, from_stdin: bool
) -> ConnectedAccount | None:
    """The account with a new key, or a new grant had in another way; None where a consent is due."""
    if app.unattended.serves(account.connector):
        return await app.unattended.renew(
            account, key=_key(app, account.connector, from_stdin), show=lambda code: _show(out, code)
        )
    if (secret := _secret(app, out, person, account.connector, from_stdin=from_stdin)) is None:
        return None
    return await app.keys.replace(account, secret)


def _key(app: App, connector: str, from_stdin: bool) -> Secret | None:
    return Secret(sys.stdin.read()) if from_stdin and app.unattended.wants_key(connector) else None


def _show(out: Output, code: DeviceCode) -> None:
    out.tell(f"Open {code.complete_uri or code.verification_uri} on any device and type in this code: {code.user_code}")
    out.say("Waiting until you have consented there. Ctrl-C cancels.")


def _secret(app: App, out: Output, person: Person | None, connector: str, *, from_stdin: bool) -> Secret | None:
    auth = app.keys.asks(connector)
    if auth is None or isinstance(auth, NoAuth):
        return None if auth is None else Secret("")
    if from_stdin:
        text = cleaned(sys.stdin.readline())
    elif person is not None:
        text = _asked(person, app.catalog.connector(connector).name, auth)
    else:
        out.fail(Exit.USAGE, "no_secret", f"{connector} takes a key: pipe it in with --secret-stdin. See {auth.help}")
    if not text:
        out.fail(Exit.USAGE, "no_secret", f"Nothing was given. {auth.title} is made at {auth.help}")
    return Secret(text)


def _asked(person: Person, service: str, auth: ApiKey | Basic) -> str:
    """A key that looks like one; where it is made is shown first. Raises Stopped."""
    wanted = Pasted(title=auth.title, pattern=auth.pattern, looks_like=auth.looks_like or "one word")
    person.told(words.key_wanted(service, auth.title, auth.needs))
    person.shown(auth.help)
    prompt = words.hidden_prompt(wanted, may_wait=False)

    def fault(text: str) -> str | None:
        return None if re.fullmatch(auth.pattern, text) else unlike(wanted)

    return given(person, lambda: person.asked_hidden(prompt), fault, may_insist=False)
