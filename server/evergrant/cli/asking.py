"""How `connect` and `reauth` ask a person to consent: by a page of ours, and by an address to paste the answer of."""

import json
import os
import sys
import webbrowser
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from evergrant.app import App
from evergrant.cli.output import Output
from evergrant.cli.server import CannotListen, callback_address, listening, runs_here
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
    begun: Begun

    @property
    def link_hash(self) -> str:
        return link_hash(handle_of(self.link))


async def ask(app: App, claims: Claims, wish: Wish) -> Ask:
    """Make the link, and begin a consent of the terminal's own under it."""
    link = app.links.made(claims, _origin(app, wish.client.connection.redirect_uri))
    begun = await app.connect.ask(wish, Asked(link_hash(handle_of(link))))
    return Ask(link, claims, begun)


def invite(app: App, out: Output, asked: Ask, *, no_browser: bool) -> None:
    """Show the person where to consent; a browser that is opened here need not be told the code."""
    if asked.begun.warning:
        out.say(f"Mind: {asked.begun.warning}")
    opened = not no_browser and _has_display() and webbrowser.open(_with_ticket(app, asked))
    if out.as_json:
        out.tell(json.dumps(_as_json(asked)))
        return
    if opened:
        out.say(f"Opened a page in your browser. If it did not open, use this address{_and_code(asked.link)}:")
    else:
        out.say(f"Open this page in a browser{_and_code(asked.link)}:")
    out.tell(asked.link.url)
    if not opened:
        out.say(
            "From another machine, where that page cannot be reached: consent at the next address instead, and paste "
            "the whole address that the browser ends on here."
        )
        out.tell(asked.begun.url)
    out.say("Waiting for the answer. Ctrl-C cancels.")


@asynccontextmanager
async def pages(app: App, out: Output, asked: Ask) -> AsyncGenerator[None, None]:
    """The pages of the consent for the block, where no server of this vault has them already."""
    address = _to_listen_at(app, asked.begun.redirect_uri)
    if address is None:
        yield
        return
    cookies = Cookies(secure=app.settings.url.startswith("https://"))
    consents = Consents(app.links, app.proofs, app.answers, frozenset({LOCAL_TENANT}), cookies, app.settings.return_url)
    hosts = ["[::1]" if name == "::1" else name for name in (*LOOPBACK, urlsplit(app.settings.url).hostname) if name]
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    try:
        async with listening(Starlette(routes=consent_routes(consents), middleware=[guard]), *address):
            yield
    except CannotListen as error:
        out.say(f"{error} Paste the address that the browser ends on instead.")
        yield


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


def _with_ticket(app: App, asked: Ask) -> str:
    return f"{asked.link.url}?ticket={app.links.ticket(handle_of(asked.link)).reveal()}"


def _and_code(link: Link) -> str:
    return f" and confirm with the code  {link.code}" if link.code else ""


def _as_json(asked: Ask) -> dict[str, str | None]:
    return {
        "url": asked.link.url,
        "confirmation_code": asked.link.code,
        "expires_at": asked.claims.expires_at.isoformat(),
        "paste_back_url": asked.begun.url,
    }


def _has_display() -> bool:
    """Whether a browser opened here would be seen by the person: not over SSH, not without a screen."""
    env = os.environ  # noqa: TID251  (the terminal's own facts, not settings)
    remote = "SSH_CONNECTION" in env and "DISPLAY" not in env
    return not remote and (sys.platform == "darwin" or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")))
