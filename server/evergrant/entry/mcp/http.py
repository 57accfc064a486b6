"""MCP over streamable HTTP, for callers that bear a token."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from mcp.server import Server
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Route

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Verify = Callable[[str], str | None]
"""The tenant of a bearer token; None for a token that is not ours."""


class NoTenant(LookupError):
    """A request without a verified token asked for its tenant."""


@dataclass(frozen=True, slots=True)
class McpEndpoint:
    """A route, and what must run while it is served."""

    route: Route
    running: Callable[[], AbstractAsyncContextManager[None]]
    """For the application's lifespan; once only."""


def mcp_endpoint(
    server: Server[Any], verify: Verify, *, path: str = "/mcp", origins: Sequence[str] = ()
) -> McpEndpoint:
    """`server` at `path`, reached at loopback names and at `origins` (`https://host[:port]`), else 421 or 403.

    Without a good token the answer is 401 with `WWW-Authenticate: Bearer` (RFC 6750 3).
    """
    manager = StreamableHTTPSessionManager(server, security_settings=_reached_at(origins))
    guarded = AuthContextMiddleware(RequireAuthMiddleware(StreamableHTTPASGIApp(manager), []))
    endpoint = AuthenticationMiddleware(guarded, backend=BearerAuthBackend(_Verifier(verify)))
    return McpEndpoint(Route(path, endpoint=endpoint), manager.run)


def bearer_tenant() -> str:
    """The tenant of the request in hand, by its token; raises NoTenant."""
    token = get_access_token()
    if token is None or token.subject is None:
        raise NoTenant
    return token.subject


class _Verifier:
    def __init__(self, verify: Verify) -> None:
        self._verify = verify

    async def verify_token(self, token: str) -> AccessToken | None:
        tenant_id = self._verify(token)
        # The token itself is of no use from here on, so it is not carried along.
        return AccessToken(token="", client_id=tenant_id, scopes=[], subject=tenant_id) if tenant_id else None


def _reached_at(origins: Sequence[str]) -> TransportSecuritySettings:
    """What Host and Origin may say: a page of a stranger that rebinds its name to us says something else."""
    local = [f"{host}{port}" for host in LOOPBACK for port in ("", ":*")]
    return TransportSecuritySettings(
        allowed_hosts=[*local, *(origin.partition("://")[2] for origin in origins)],
        allowed_origins=[*(f"http://{host}" for host in local), *origins],
    )
