"""MCP over streamable HTTP, for callers that bear a token."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from mcp.server import Server
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import ConfigDict
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from evergrant.entry.api.problem import internal_error, too_many_requests
from evergrant.entry.door import Door
from evergrant.entry.mcp.wall import Wall
from evergrant.model.principal import Principal
from evergrant.service.tenant_pace import TenantPace
from evergrant.service.token_desk import TOOLS

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class NoPrincipal(LookupError):
    """A request without a verified token asked who sent it."""


@dataclass(frozen=True, slots=True)
class McpEndpoint:
    """A route, and what must run while it is served."""

    route: Route
    running: Callable[[], AbstractAsyncContextManager[None]]
    """For the application's lifespan; once only."""


def mcp_endpoint(
    server: Server[Any],
    door: Door,
    *,
    path: str = "/mcp",
    origins: Sequence[str] = (),
    pace: TenantPace | None = None,
) -> McpEndpoint:
    """`server` at `path`, for those whom `door` lets in, and of one tenant no more than `pace` says.

    It is reached at loopback names and at `origins` (`https://host[:port]`), else the answer is 421 or 403.
    """
    manager = StreamableHTTPSessionManager(server, security_settings=_reached_at(origins))
    guarded = _Doorway(AuthContextMiddleware(StreamableHTTPASGIApp(manager)), door, pace)
    return McpEndpoint(Route(path, endpoint=guarded), manager.run)


def bearer_principal() -> Principal:
    """Who sent the request in hand, by its token; raises NoPrincipal."""
    token = get_access_token()
    if not isinstance(token, _Borne):
        raise NoPrincipal
    return token.principal


class _Borne(AccessToken):
    model_config = ConfigDict(hide_input_in_errors=True)

    principal: Principal


class _Doorway:
    def __init__(self, app: ASGIApp, door: Door, pace: TenantPace | None) -> None:
        self._app, self._door, self._pace = app, door, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted = await self._door.admit(Headers(scope=scope), TOOLS)
        refused = admitted if isinstance(admitted, Response) else self._refusal(admitted)
        if refused is not None:
            await refused(scope, receive, send)
        elif isinstance(admitted, Principal):
            await self._app({**scope, "user": AuthenticatedUser(_as_token(admitted))}, receive, send)

    def _refusal(self, who: Principal) -> Response | None:
        """The answer to one who knocks too often."""
        with Wall(self._door.log, "knocking") as wall:
            wait = self._pace.knock(who.tenant_id) if self._pace is not None else 0.0
            return too_many_requests(wait) if wait else None
        return internal_error(wall.reference)


def _as_token(found: Principal) -> AccessToken:
    """The principal as the SDK carries one. The token itself is of no use from here on, so it is not carried along.

    The SDK keeps sessions apart by client and subject.
    """
    return _Borne(token="", client_id=found.name, scopes=[], subject=found.tenant_id, principal=found)


def _reached_at(origins: Sequence[str]) -> TransportSecuritySettings:
    """What Host and Origin may say: a page of a stranger that rebinds its name to us says something else."""
    local = [f"{host}{port}" for host in LOOPBACK for port in ("", ":*")]
    return TransportSecuritySettings(
        allowed_hosts=[*local, *(origin.partition("://")[2] for origin in origins)],
        allowed_origins=[*(f"http://{host}" for host in local), *origins],
    )
