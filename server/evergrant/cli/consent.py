"""`evergrant connect` and `evergrant reauth`: a person's consent, by browser, by link or by pasted address."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.asking import Ask, ask, invite, pages
from evergrant.cli.keys import connect_by_key, renew_by_key
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.render import standing_json, standing_text
from evergrant.cli.running import run
from evergrant.model.account import ConnectedAccount
from evergrant.oauth.flow import NotARedirect, parse_redirect
from evergrant.service.accounts import Standing
from evergrant.service.connect import CONSENT_TIME
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import StoreUnavailable
from evergrant.vault.authorizations import Authorization
from evergrant.vault.seal import SealBroken

ON_THE_WAY: Mapping[str, str] = {
    "other_person": "Another person signed in.",
    "awaiting": "Your back end is to confirm who that was.",
}
"""Worth a word, and no end: the person may try again, or goes on."""
POLL_S = 0.2

NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print the address instead of opening it.")]
SecretStdin = Annotated[
    bool, typer.Option("--secret-stdin", help="Read a key or password from standard input, for services without OAuth.")
]
Values = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What this service asks.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="Ask for these scopes instead of the usual ones.")]


def connect(
    connector: str,
    alias: Annotated[str | None, typer.Option("--alias", help="What you will call the account.")] = None,
    value: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What this service asks.")
    ] = None,
    scope: Scopes = None,
    no_browser: NoBrowser = False,
    secret_stdin: SecretStdin = False,
    as_json: bool = JsonOption,
) -> None:
    """Connect an account of CONNECTOR: opens the provider's consent page and waits, or asks for its key."""
    out = output(as_json)
    values = _pairs(out, value or [])

    async def begin(app: App) -> Ask:
        wish = app.connect.wish(LOCAL_TENANT, connector, alias, values, tuple(scope or ()))
        claims = app.links.to_connect(
            LOCAL_TENANT, connector, alias, values, scopes=tuple(scope or ()), life=CONSENT_TIME
        )
        return await ask(app, claims, wish)

    async def by_key(app: App) -> ConnectedAccount | None:
        return await connect_by_key(app, out, connector, alias, values, from_stdin=secret_stdin)

    _consent(out, begin, by_key, no_browser=no_browser)


def reauth(
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Alias or id.")],
    scope: Scopes = None,
    no_browser: NoBrowser = False,
    secret_stdin: SecretStdin = False,
    as_json: bool = JsonOption,
) -> None:
    """Renew the grant of ACCOUNT by a new consent of the same person, or by a new key."""
    out = output(as_json)

    async def begin(app: App) -> Ask:
        account = app.desk.find(LOCAL_TENANT, name)
        wish = app.connect.wish_reauth(account, tuple(scope or ()))
        return await ask(app, app.links.to_reauth(account.key, tuple(scope or ()), CONSENT_TIME), wish)

    async def by_key(app: App) -> ConnectedAccount | None:
        return await renew_by_key(app, out, name, from_stdin=secret_stdin)

    _consent(out, begin, by_key, no_browser=no_browser)


def _consent(
    out: Output,
    begin: Callable[[App], Awaitable[Ask]],
    by_key: Callable[[App], Awaitable[ConnectedAccount | None]],
    *,
    no_browser: bool,
) -> None:
    async def work(app: App) -> tuple[Standing, str]:
        account = await by_key(app) or await _consented(app, out, await begin(app), no_browser=no_browser)
        standing = app.desk.standing(account)
        return standing, standing_text(standing, app.clock.now())

    try:
        standing, text = run(out, work)
    except KeyboardInterrupt:
        out.fail(Exit.FAILED, "cancelled", "Cancelled. Nothing was stored, and the link no longer works.")
    out.show(standing_json(standing), f"Connected\n{text}\nNext: evergrant install claude-desktop")


async def _consented(app: App, out: Output, asked: Ask, *, no_browser: bool) -> ConnectedAccount:
    try:
        account_id = await _answered(app, out, asked, no_browser=no_browser)
    except asyncio.CancelledError:
        await app.connect.cancel(LOCAL_TENANT, asked.begun.authorization_id)
        raise
    return app.desk.find(LOCAL_TENANT, account_id)


async def _answered(app: App, out: Output, asked: Ask, *, no_browser: bool) -> str:
    """The id of the account, once the provider's answer came in by the callback or was pasted."""
    told = set[str]()
    async with pages(app, out, asked), _pasted(app, out, asked) as pasted:
        invite(app, out, asked, no_browser=no_browser)
        while True:
            if pasted.done():
                return pasted.result()
            begun = app.connect.of_link(LOCAL_TENANT, asked.link_hash)
            if account_id := _outcome(begun):
                return account_id
            for each in begun:
                if each.status in ON_THE_WAY and each.id not in told:
                    told.add(each.id)
                    out.say(each.detail or ON_THE_WAY[each.status])
            waiting = (each.expires_at for each in begun if each.status in ("pending", "awaiting", "taken"))
            if app.clock.now() >= max((asked.claims.expires_at, *waiting)):
                await app.connect.cancel(LOCAL_TENANT, asked.begun.authorization_id)
                raise ConsentFailed("Nobody answered within ten minutes; the link no longer works. Start again.")
            await app.clock.sleep(POLL_S)


def _outcome(begun: Sequence[Authorization]) -> str | None:
    """The account that came of one of them, if one has ended well; raises ConsentFailed where one has not."""
    for each in begun:
        if each.status == "done" and each.detail:
            return each.detail
    for each in begun:
        if each.status in ("failed", "denied", "cancelled"):
            raise ConsentFailed(each.detail or "The consent failed.")
    return None


@asynccontextmanager
async def _pasted(app: App, out: Output, asked: Ask) -> AsyncGenerator[asyncio.Future[str], None]:
    """A future that resolves to the id of the account that an address pasted into the terminal makes."""
    loop = asyncio.get_running_loop()
    account: asyncio.Future[str] = loop.create_future()
    tasks: set[asyncio.Task[None]] = set()

    def read_line() -> None:
        line = sys.stdin.readline()
        if not line:
            loop.remove_reader(sys.stdin)
        elif line.strip():
            tasks.add(loop.create_task(_finish(app, out, asked, line, account)))

    with suppress(OSError, ValueError):  # standard input is closed, or a file: nobody can paste
        loop.add_reader(sys.stdin, read_line)
    try:
        yield account
    finally:
        with suppress(OSError, ValueError):
            loop.remove_reader(sys.stdin)


async def _finish(app: App, out: Output, asked: Ask, line: str, account: asyncio.Future[str]) -> None:
    """A slip of the paste costs nothing: they may try again."""
    try:
        redirect = parse_redirect(line)
    except NotARedirect as error:
        out.say(str(error))
        return
    found = app.connect.answered_by(redirect)
    if found is None or found.link_hash != asked.link_hash:
        out.say("That address answers another link than this one. Paste the one that the browser ended on.")
        return
    try:
        made = await app.consent.finish(redirect)
    except (ConsentFailed, StoreUnavailable, SealBroken) as failed:
        if not account.done():
            account.set_exception(failed)
    else:
        account.set_result(made.id)


def _pairs(out: Output, given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        out.fail(Exit.USAGE, "bad_value", f"Write it as NAME=VALUE: --set {wrong}=...")
    return {name: value for name, _, value in pairs}
