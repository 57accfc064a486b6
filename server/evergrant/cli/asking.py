"""How `connect` and `reauth` ask a person to consent: by a page of ours, and by an address to paste the answer of."""

import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from evergrant.app import App
from evergrant.cli.browser import open_page
from evergrant.cli.listening import serving
from evergrant.cli.output import Output
from evergrant.cli.server import CannotListen, bind, callback_address, runs_here
from evergrant.cli.wizard import words
from evergrant.entry.consents import Consents
from evergrant.entry.cookies import Cookies
from evergrant.entry.pages import consent_routes
from evergrant.model.link import Claims, Link
from evergrant.service.connect import Asked, Begun, Wish
from evergrant.service.links import handle_of
from evergrant.settings import LOCAL_TENANT, LOOPBACK
from evergrant.vault.link_seal import link_hash


@dataclass(frozen=True, slots=True)
class Ask:
    """A consent that was asked for: the link for a browser, and what was begun for an answer that is pasted here."""

    link: Link
    claims: Claims
    wish: Wish
    begun: Begun

    @property
    def link_hash(self) -> str:
        return link_hash(handle_of(self.link))


async def ask(app: App, claims: Claims, wish: Wish) -> Ask:
    """Make the link, and begin a consent of the terminal's own under it."""
    link = app.links.made(claims, _origin(app, wish.client.connection.redirect_uri))
    begun = await app.connect.ask(wish, Asked(link_hash(handle_of(link))))
    return Ask(link, claims, wish, begun)


def invite(app: App, out: Output, asked: Ask, *, no_browser: bool) -> None:
    """Show the person where to consent; a browser that is opened here need not be told the code."""
    if asked.begun.warning:
        out.say(f"Mind: {asked.begun.warning}")
    opened = not no_browser and open_page(_with_ticket(app, asked))
    if out.as_json:
        out.tell(json.dumps(_as_json(asked)))
        return
    out.say(words.invitation(asked.link.code, opened=opened))
    out.tell(asked.link.url)
    if _ends_nowhere(asked.begun.redirect_uri):
        out.say(words.paste_expected(asked.wish.client.connector.name, asked.begun.redirect_uri))
    if not opened:
        out.say(words.FROM_ELSEWHERE)
        out.tell(asked.begun.url)
    out.say(words.WAITING)


@asynccontextmanager
async def pages(app: App, out: Output, wish: Wish) -> AsyncGenerator[App, None]:
    """The app as people meet it for the block: its pages are there, where no server of this vault has them already."""
    listener = _listener(app, out, wish)
    if listener is None:
        yield app
        return
    here = _at_port(app, listener.getsockname()[1])
    cookies = Cookies(secure=app.settings.url.startswith("https://"))
    consents = Consents(
        here.links, app.proofs, app.answers, frozenset({LOCAL_TENANT}), cookies, app.settings.return_url
    )
    hosts = ["[::1]" if name == "::1" else name for name in (*LOOPBACK, urlsplit(app.settings.url).hostname) if name]
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    async with serving(Starlette(routes=consent_routes(consents), middleware=[guard]), listener):
        yield here


def _listener(app: App, out: Output, wish: Wish) -> socket.socket | None:
    """Where the answer will come to; at a provider that takes any port of loopback, a free one if ours is taken."""
    address = _to_listen_at(app, wish.client.connection.redirect_uri)
    if address is None:
        return None
    try:
        return bind(*address)
    except CannotListen as error:
        is_local = callback_address(wish.client.connection.redirect_uri) is not None
        if is_local and wish.client.connector.redirect.loopback == "any_port":
            return bind(address[0], 0)
        out.say(f"{error} Paste the address that the browser ends on instead.")
        return None


def _at_port(app: App, port: int) -> App:
    """The app where answers come to this port."""
    connect = replace(app.connect, port=port)
    return replace(app, connect=connect, links=replace(app.links, connect=connect))


def _to_listen_at(app: App, redirect_uri: str) -> tuple[str, int] | None:
    """Where the answer arrives, or else where pages are looked for; None where the vault's server listens there."""
    running = runs_here(app.settings)
    address = callback_address(redirect_uri)
    if address is None:
        return None if running else (app.settings.host, app.settings.port)
    return None if running and callback_address(f"{running.url}/callback") == address else address


def _origin(app: App, redirect_uri: str) -> str | None:
    """Where the page lies; None is the server's own place."""
    if callback_address(redirect_uri) is None or _to_listen_at(app, redirect_uri) is None:
        return None
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}"


def _ends_nowhere(redirect_uri: str) -> bool:
    parts = urlsplit(redirect_uri)
    return parts.scheme == "https" and parts.hostname in LOOPBACK


def _with_ticket(app: App, asked: Ask) -> str:
    return f"{asked.link.url}?ticket={app.links.ticket(handle_of(asked.link)).reveal()}"


def _as_json(asked: Ask) -> dict[str, str | None]:
    return {
        "url": asked.link.url,
        "confirmation_code": asked.link.code,
        "expires_at": asked.claims.expires_at.isoformat(),
        "paste_back_url": asked.begun.url,
    }
