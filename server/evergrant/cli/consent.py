"""`evergrant connect` and `evergrant reauth`: a person's consent, by browser, by link or by pasted address."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import typer
from starlette.applications import Starlette

from evergrant.app import App
from evergrant.cli.keys import connect_by_key, renew_by_key
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.render import standing_json, standing_text
from evergrant.cli.running import run
from evergrant.cli.server import CannotListen, callback_address, listening, runs_here
from evergrant.entry.pages import Pages
from evergrant.model.account import ConnectedAccount
from evergrant.oauth.flow import NotARedirect, parse_redirect
from evergrant.service.accounts import Standing
from evergrant.service.connect import Begun
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import StoreUnavailable
from evergrant.vault.seal import SealBroken

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

    async def begin(app: App) -> Begun:
        return await app.connect.begin(LOCAL_TENANT, connector, alias, values, tuple(scope or ()))

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

    async def begin(app: App) -> Begun:
        return await app.connect.begin_reauth(app.desk.find(LOCAL_TENANT, name), tuple(scope or ()))

    async def by_key(app: App) -> ConnectedAccount | None:
        return await renew_by_key(app, out, name, from_stdin=secret_stdin)

    _consent(out, begin, by_key, no_browser=no_browser)


def _consent(
    out: Output,
    begin: Callable[[App], Awaitable[Begun]],
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


async def _consented(app: App, out: Output, begun: Begun, *, no_browser: bool) -> ConnectedAccount:
    try:
        account_id = await _answered(app, out, begun, no_browser=no_browser)
    except asyncio.CancelledError:
        await app.connect.cancel(LOCAL_TENANT, begun.authorization_id)
        raise
    return app.desk.find(LOCAL_TENANT, account_id)


async def _answered(app: App, out: Output, begun: Begun, *, no_browser: bool) -> str:
    """The id of the account, once the provider's answer came in by the callback or was pasted."""
    async with _callback(app, out, begun), _pasted(app, out, begun) as pasted:
        _invite(out, begun, no_browser=no_browser)
        while True:
            if pasted.done():
                return pasted.result()
            found = app.connect.status(LOCAL_TENANT, begun.authorization_id)
            if found is None or found.status in ("failed", "cancelled"):
                raise ConsentFailed(found.detail or "The consent failed." if found else "The consent is gone.")
            if found.status == "done" and found.detail:
                return found.detail
            if app.clock.now() >= begun.expires_at:
                await app.connect.cancel(LOCAL_TENANT, begun.authorization_id)
                raise ConsentFailed("Nobody answered within ten minutes; the link no longer works. Start again.")
            await app.clock.sleep(POLL_S)


def _invite(out: Output, begun: Begun, *, no_browser: bool) -> None:
    if begun.warning:
        out.say(f"Mind: {begun.warning}")
    if not no_browser and _has_display() and webbrowser.open(begun.url):
        out.say("Opened the consent page in your browser. If it did not open, use this address:")
    else:
        out.say("Open this address in a browser and consent:")
    out.tell(begun.url)
    out.say(
        "Waiting for the answer. If the browser ends on a page that cannot be reached, "
        "paste its whole address here and press Enter. Ctrl-C cancels."
    )


def _has_display() -> bool:
    """Whether a browser opened here would be seen by the person: not over SSH, not without a screen."""
    env = os.environ  # noqa: TID251  (the terminal's own facts, not settings)
    remote = "SSH_CONNECTION" in env and "DISPLAY" not in env
    return not remote and (sys.platform == "darwin" or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")))


@asynccontextmanager
async def _callback(app: App, out: Output, begun: Begun) -> AsyncGenerator[None, None]:
    """The callback's listener for the block, where no server of this vault has one already."""
    address, running = callback_address(begun.redirect_uri), runs_here(app.settings)
    served = running is not None and callback_address(f"{running.url}/callback") == address
    if served or address is None:
        yield
        return
    pages = Pages(app.connect, app.consent, app.accounts, LOCAL_TENANT, dict)
    try:
        async with listening(Starlette(routes=list(pages.callback_routes())), *address):
            yield
    except CannotListen as error:
        out.say(f"{error} Paste the address that the browser ends on instead.")
        yield


@asynccontextmanager
async def _pasted(app: App, out: Output, begun: Begun) -> AsyncGenerator[asyncio.Future[str], None]:
    """A future that resolves to the id of the account that an address pasted into the terminal makes."""
    loop = asyncio.get_running_loop()
    account: asyncio.Future[str] = loop.create_future()
    tasks: set[asyncio.Task[None]] = set()

    def read_line() -> None:
        line = sys.stdin.readline()
        if not line:
            loop.remove_reader(sys.stdin)
        elif line.strip():
            tasks.add(loop.create_task(_finish(app, out, begun, line, account)))

    with suppress(OSError, ValueError):  # standard input is closed, or a file: nobody can paste
        loop.add_reader(sys.stdin, read_line)
    try:
        yield account
    finally:
        with suppress(OSError, ValueError):
            loop.remove_reader(sys.stdin)


async def _finish(app: App, out: Output, begun: Begun, line: str, account: asyncio.Future[str]) -> None:
    """A slip of the paste costs nothing: they may try again."""
    try:
        redirect = parse_redirect(line)
    except NotARedirect as error:
        out.say(str(error))
        return
    if not app.connect.is_answer_to(begun.authorization_id, redirect):
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
