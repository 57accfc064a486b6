"""The composition of what is met over HTTP: MCP, `/v1`, the pages, the callback. Only a server imports it."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from mcp.server import Server
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.typing import FilteringBoundLogger

from evergrant.app import App
from evergrant.entry.addressed import Addressed
from evergrant.entry.api.accounts import account_routes
from evergrant.entry.api.approvals import approval_routes
from evergrant.entry.api.audit import audit_routes
from evergrant.entry.api.authorizations import authorization_routes
from evergrant.entry.api.calls import call_routes
from evergrant.entry.api.connections import connection_routes
from evergrant.entry.api.connectors import connector_routes
from evergrant.entry.api.described import documented
from evergrant.entry.api.events import event_routes
from evergrant.entry.api.guard import Api
from evergrant.entry.api.keys import key_routes
from evergrant.entry.api.links import link_routes
from evergrant.entry.api.nowhere import nowhere
from evergrant.entry.api.tenants import tenant_routes
from evergrant.entry.api.tool_search import tool_search_routes
from evergrant.entry.api.tools import tool_routes
from evergrant.entry.api.webhooks import webhook_routes
from evergrant.entry.approval_page import ApprovalPage
from evergrant.entry.consents import Consents
from evergrant.entry.cookies import Cookies
from evergrant.entry.door import Door, Verify
from evergrant.entry.mcp.http import mcp_endpoint
from evergrant.entry.metrics import State, Tally
from evergrant.entry.metrics_page import MetricsPage
from evergrant.entry.pages import Pages
from evergrant.entry.resource_metadata import metadata_routes, metadata_url
from evergrant.model.principal import Principal
from evergrant.oauth.access_token import AccessTokens
from evergrant.oauth.issuer_keys import IssuerKeys
from evergrant.parts import local_principal, mcp_parts
from evergrant.service.api_keys import PREFIX
from evergrant.service.links import PATHS
from evergrant.service.token_desk import TokenDesk
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.bearer import is_local_bearer, local_bearer
from evergrant.vault.census import Census

ARRIVALS = ("/callback", *(f"/{path}/" for path in PATHS.values()))
"""Providers, mails and the tenant's own product send people here."""


def web_app(
    app: App,
    server: Server[Any],
    snippets: Callable[[], Mapping[str, str]],
    log: FilteringBoundLogger,
    *,
    principal_of: Verify | None = None,
) -> Starlette:
    """All that the server answers over HTTP: pages, OAuth callback, MCP and `/v1` for bearers, a health check.

    `principal_of` knows bearers; without it those are the vault's own, its API keys and the issuer's access tokens.
    """

    app.live.note(local_bearer(app.vault.key.ring))
    public = urlsplit(app.settings.public_url or "")
    own = [f"{public.scheme}://{public.netloc}"] if public.netloc else []
    where = metadata_url(app.settings.resource) if app.issuer else None
    door = Door(principal_of or known_bearers(app, log), log, where)
    endpoint = mcp_endpoint(server, door, origins=own, pace=app.pace)
    api = Api(door, mcp_parts(app, log).standing, log, app.once, app.pace)
    redirect_uri = app.settings.redirect_uri
    pages = Pages(consents(app), snippets)

    told = documented(
        api,
        [
            *event_routes(api, app.outbox, app.clock),
            *link_routes(api, app.links),
            *authorization_routes(api, app.answers),
            *tenant_routes(api, app.tenant_desk, app.key_desk),
            *connection_routes(api, app.registry, redirect_uri),
            *account_routes(api, app.desk),
            *connector_routes(api, app.connect, redirect_uri),
            *tool_routes(api),
            *tool_search_routes(api, app.tool_search, app.account_lists),
            *call_routes(api),
            *approval_routes(api, app.held_calls),
            *webhook_routes(api, app.webhooks),
            *key_routes(api, app.key_desk),
            *audit_routes(api, app.audit_log, app.accounts),
        ],
    )

    tally = Tally()
    app.audit.counters.append(tally)
    state, take = State(app.clock, app.audit.journal), Census(app.vault.database).take
    metrics = MetricsPage(door, tally, state, take, app.clock, LOCAL_TENANT)

    @asynccontextmanager
    async def lifespan(_web: Starlette) -> AsyncGenerator[None, None]:
        async with endpoint.running():
            yield

    return Starlette(
        routes=[
            endpoint.route,  # the first, since routes are looked through in turn and most requests are its
            *pages.routes(),
            *ApprovalPage(pages.consents, app.held_calls.approvals, app.catalog).routes(),
            *told,
            nowhere(door, told),
            *(metadata_routes(app.settings.resource, app.issuer.url) if app.issuer else ()),
            Route("/healthz", _health),
            metrics.route,
        ],
        middleware=[Middleware(Addressed, own=own, arrivals=ARRIVALS)],
        lifespan=lifespan,
    )


def known_bearers(app: App, log: FilteringBoundLogger) -> Verify:
    """Knows the vault's own bearer, its API keys, and the access tokens of its issuer if it has one."""
    desk = _token_desk(app, log)

    async def principal_of(token: str) -> Principal | None:
        if is_local_bearer(app.vault.key.ring, token):
            return local_principal(app)
        if (found := app.key_desk.bearer(token)) or token.startswith(PREFIX):
            return found
        return await desk.bearer(token) if desk else None

    return principal_of


def _token_desk(app: App, log: FilteringBoundLogger) -> TokenDesk | None:
    if app.issuer is None:
        return None
    keys = IssuerKeys(app.issuer.keys, app.clock, log)
    audience = app.settings.jwt_audience or app.settings.resource
    tokens = AccessTokens(app.issuer.url, audience, keys, app.clock)
    return TokenDesk(tokens, LOCAL_TENANT, app.settings.jwt_tenant_claim, app.settings.policy, app.tenant_desk.serves)


def consents(app: App) -> Consents:
    """The pages at which people of the vault's tenants consent."""
    cookies = Cookies(secure=app.settings.url.startswith("https://"))
    return Consents(app.links, app.proofs, app.answers, app.tenant_desk.serves, cookies, app.settings.return_url)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")
