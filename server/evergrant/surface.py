"""The composition of what clients meet: MCP, the pages, the callback. Apart from `app`, since few commands need it."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from mcp.server import Server
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.typing import FilteringBoundLogger

from evergrant.app import App
from evergrant.entry.api.authorizations import authorization_routes
from evergrant.entry.api.calls import call_routes
from evergrant.entry.api.events import event_routes
from evergrant.entry.api.guard import Api
from evergrant.entry.api.keys import key_routes
from evergrant.entry.api.links import link_routes
from evergrant.entry.api.tools import tool_routes
from evergrant.entry.api.webhooks import webhook_routes
from evergrant.entry.consents import Consents
from evergrant.entry.cookies import Cookies
from evergrant.entry.mcp.http import Verify, mcp_endpoint
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.pages import Pages
from evergrant.model.principal import Principal
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.bearer import is_local_bearer, local_bearer


def mcp_parts(app: App, log: FilteringBoundLogger) -> Parts:
    """What the MCP surface works with."""
    return Parts(
        catalog=app.catalog,
        accounts=app.accounts,
        calls=app.held_calls,
        connect=app.connect,
        clock=app.clock,
        reauth_url=app.links.reauth,
        links=app.links,
        log=log,
        state_key=app.vault.key.ring.state_key(),
        hold_s=app.settings.hold_s,
    )


def web_app(
    app: App,
    server: Server[Any],
    snippets: Callable[[], Mapping[str, str]],
    log: FilteringBoundLogger,
    *,
    principal_of: Verify | None = None,
) -> Starlette:
    """All that the server answers over HTTP: pages, OAuth callback, MCP and `/v1` for bearers, a health check.

    `principal_of` knows bearers; without it those are the vault's own and its API keys.
    """

    app.live.note(local_bearer(app.vault.key.ring))

    def principal_of_bearer(token: str) -> Principal | None:
        return Principal(LOCAL_TENANT) if is_local_bearer(app.vault.key.ring, token) else app.key_desk.bearer(token)

    public = urlsplit(app.settings.public_url or "")
    own = [f"{public.scheme}://{public.netloc}"] if public.netloc else []
    verify = principal_of or principal_of_bearer
    endpoint = mcp_endpoint(server, verify, origins=own)
    api = Api(verify, mcp_parts(app, log).standing, log)
    pages = Pages(consents(app), snippets)

    @asynccontextmanager
    async def lifespan(_web: Starlette) -> AsyncGenerator[None, None]:
        async with endpoint.running():
            yield

    hosts = ["localhost", "127.0.0.1", "[::1]", *([public.hostname] if public.hostname else [])]
    return Starlette(
        routes=[
            *pages.routes(),
            *event_routes(api, app.outbox, app.clock),
            *link_routes(api, app.links),
            *authorization_routes(api, app.answers),
            *tool_routes(api),
            *call_routes(api),
            *webhook_routes(api, app.webhooks),
            *key_routes(api, app.key_desk),
            Route("/healthz", _health),
            endpoint.route,
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        lifespan=lifespan,
    )


def consents(app: App, tenants: frozenset[str] | None = frozenset({LOCAL_TENANT})) -> Consents:
    """The pages at which these tenants' people consent; None is every tenant of the vault."""
    cookies = Cookies(secure=app.settings.url.startswith("https://"))
    return Consents(app.links, app.proofs, app.answers, tenants, cookies, app.settings.return_url)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")
