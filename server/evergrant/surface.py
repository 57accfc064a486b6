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

from evergrant.app import App, reauth_url
from evergrant.entry.api.calls import call_routes
from evergrant.entry.api.events import event_routes
from evergrant.entry.api.guard import Api
from evergrant.entry.api.tools import tool_routes
from evergrant.entry.mcp.http import mcp_endpoint
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.pages import Pages
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.bearer import is_local_bearer, local_bearer


def mcp_parts(app: App, log: FilteringBoundLogger) -> Parts:
    """What the MCP surface works with."""
    return Parts(
        catalog=app.catalog,
        accounts=app.accounts,
        executor=app.executor,
        connect=app.connect,
        reauth_url=lambda key: reauth_url(app.settings, key),
        log=log,
    )


def web_app(
    app: App, server: Server[Any], snippets: Callable[[], Mapping[str, str]], log: FilteringBoundLogger
) -> Starlette:
    """All that the server answers over HTTP: pages, OAuth callback, MCP and `/v1` for bearers, a health check."""

    app.live.note(local_bearer(app.vault.key.ring))

    def tenant_of_bearer(token: str) -> str | None:
        return LOCAL_TENANT if is_local_bearer(app.vault.key.ring, token) else None

    public = urlsplit(app.settings.public_url or "")
    own = [f"{public.scheme}://{public.netloc}"] if public.netloc else []
    endpoint = mcp_endpoint(server, tenant_of_bearer, origins=own)
    api = Api(tenant_of_bearer, log)
    pages = Pages(app.connect, app.consent, app.accounts, LOCAL_TENANT, snippets)

    @asynccontextmanager
    async def lifespan(_web: Starlette) -> AsyncGenerator[None, None]:
        async with endpoint.running():
            yield

    hosts = ["localhost", "127.0.0.1", "[::1]", *([public.hostname] if public.hostname else [])]
    return Starlette(
        routes=[
            *pages.routes(),
            *event_routes(api, app.outbox),
            *tool_routes(api, app.catalog, app.accounts),
            *call_routes(api, app.accounts, app.held_calls),
            Route("/healthz", _health),
            endpoint.route,
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        lifespan=lifespan,
    )


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")
