"""`evergrant connect` and `evergrant reauth`: a person's consent, by browser, by link or by pasted address."""

import shlex
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.connections import secret_from_stdin
from evergrant.cli.keys import connect_by_key, renew_by_key
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.overview import show_overview
from evergrant.cli.render import standing_json, standing_text
from evergrant.cli.running import run
from evergrant.cli.wizard import words
from evergrant.cli.wizard.client import Clients, Given, NoClient
from evergrant.cli.wizard.consenting import Consenting
from evergrant.cli.wizard.draft import Drafts
from evergrant.cli.wizard.standing import cautions
from evergrant.cli.wizard.terminal import Stopped, someone
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.service.connect import CONSENT_TIME, chosen_alias
from evergrant.settings import LOCAL_TENANT

NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print addresses instead of opening them.")]
SecretStdin = Annotated[
    bool, typer.Option("--secret-stdin", help="Read a key or password from standard input, for services without OAuth.")
]
Values = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What this service asks.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="Ask for these scopes instead of the usual ones.")]
ClientId = Annotated[
    str | None, typer.Option("--client-id", help="Of an OAuth client that you have registered, in place of the guide.")
]
ClientSecretStdin = Annotated[
    bool, typer.Option("--client-secret-stdin", help="Read that client's secret from standard input.")
]
RedirectUri = Annotated[str | None, typer.Option("--redirect-uri", help="Of that client, where it is not the usual.")]
NewClient = Annotated[
    bool, typer.Option("--new-client", help="Walk through registering another OAuth client. Accounts stay connected.")
]
Listed = Annotated[bool, typer.Option("--list", help="List the services, what each takes, and its accounts.")]


def connect(
    connector: Annotated[str | None, typer.Argument(help="The service; without it they are listed.")] = None,
    alias: Annotated[str | None, typer.Option("--alias", help="What you will call the account.")] = None,
    value: Values = None,
    scope: Scopes = None,
    client_id: ClientId = None,
    client_secret_stdin: ClientSecretStdin = False,
    redirect_uri: RedirectUri = None,
    new_client: NewClient = False,
    no_browser: NoBrowser = False,
    secret_stdin: SecretStdin = False,
    listed: Listed = False,
    as_json: bool = JsonOption,
) -> None:
    """Connect an account of CONNECTOR.

    Walks through registering an OAuth client where one is wanted and there is none, opens the provider's consent page
    and waits; or asks for the service's key.
    """
    out = output(as_json)
    if connector is None or listed:
        show_overview(out, connector)
        return
    values, scopes, person = _pairs(out, value or []), tuple(scope or ()), someone(out, no_browser=no_browser)
    given = Given(client_id, _client_secret(out, client_id, client_secret_stdin), redirect_uri, new_client)

    async def work(app: App) -> ConnectedAccount:
        chosen_alias(app.accounts, LOCAL_TENANT, connector, alias)
        clients = Clients(app, connector, given, scopes, values, person)
        if not await clients.ensure():
            clients.warn(out)
        asked = clients.values()
        consenting = Consenting(
            out,
            lambda app: app.connect.wish(LOCAL_TENANT, connector, alias, asked, scopes),
            lambda app: app.links.to_connect(LOCAL_TENANT, connector, alias, asked, scopes=scopes, life=CONSENT_TIME),
            no_browser,
        )
        account = await connect_by_key(app, out, person, connector, alias, asked, from_stdin=secret_stdin)
        account = account or await consenting.until_done(app, person, clients.give_again)
        Drafts(app.settings.home).forget(connector)
        return account

    again = shlex.join(["evergrant", "connect", connector, *_again("--alias", alias), *_again("--set", *(value or []))])
    _show_connected(out, work, words.broken_off(again), again)


def reauth(
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Alias or id.")],
    scope: Scopes = None,
    no_browser: NoBrowser = False,
    secret_stdin: SecretStdin = False,
    as_json: bool = JsonOption,
) -> None:
    """Renew the grant of ACCOUNT by a new consent of the same person, or by a new key."""
    out = output(as_json)
    scopes, person = tuple(scope or ()), someone(out, no_browser=no_browser)

    async def work(app: App) -> ConnectedAccount:
        account = app.desk.find(LOCAL_TENANT, name)
        consenting = Consenting(
            out,
            lambda app: app.connect.wish_reauth(account, scopes),
            lambda app: app.links.to_reauth(account.key, scopes, CONSENT_TIME),
            no_browser,
        )
        renewed = await renew_by_key(app, out, person, account, from_stdin=secret_stdin)
        return renewed or await consenting.until_done(app, person)

    again = f"evergrant reauth {name}"
    _show_connected(out, work, words.called_off(again), again)


def _show_connected(out: Output, work: Callable[[App], Awaitable[ConnectedAccount]], stopped: str, again: str) -> None:
    async def described(app: App) -> tuple[dict[str, Json], str]:
        account, now = await work(app), app.clock.now()
        standing = app.desk.standing(account)
        found = list(cautions(app.catalog.connector(account.connector), standing, now))
        minded = "".join(f"\nMind: {each}" for each in found)
        return {**standing_json(standing), "cautions": [*found]}, f"{standing_text(standing, now)}{minded}"

    try:
        shown, text = run(out, described)
    except NoClient as error:
        out.fail(Exit.NOT_CONNECTED, "no_client", str(error), {"registration": error.registration})
    except Stopped:
        out.fail(Exit.INTERRUPTED, "cancelled", stopped)
    except KeyboardInterrupt:
        out.fail(Exit.FAILED, "cancelled", words.called_off(again))
    out.show(shown, f"Connected\n{text}\nNext: evergrant install claude-desktop")


def _client_secret(out: Output, client_id: str | None, from_stdin: bool) -> Secret | None:
    if from_stdin and client_id is None:
        out.fail(Exit.USAGE, "no_client_id", "A secret alone is no client: give its id with --client-id.")
    return secret_from_stdin(out) if from_stdin else None


def _again(option: str, *values: str | None) -> list[str]:
    return [word for value in values if value is not None for word in (option, value)]


def _pairs(out: Output, given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        out.fail(Exit.USAGE, "bad_value", f"Write it as NAME=VALUE: --set {wrong}=...")
    return {name: value for name, _, value in pairs}
