"""Who the server is, and what it offers (RFC 8414)."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.refusal import Endpoint

Issuer: TypeAlias = Callable[[Request], str]


def issuer_of(fixed: str | None) -> Issuer:
    """The issuer as configured, else the origin that the request came to."""
    return lambda request: fixed or str(request.base_url).rstrip("/")


def metadata_endpoint(issuer: Issuer, clients: Mapping[str, Client]) -> Endpoint:
    """The document at /.well-known/oauth-authorization-server."""

    async def metadata(request: Request) -> Response:
        base = issuer(request)
        methods = ["client_secret_basic", "client_secret_post"]
        return JSONResponse(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "revocation_endpoint": f"{base}/revoke",
                "introspection_endpoint": f"{base}/introspect",
                "scopes_supported": sorted({scope for client in clients.values() for scope in client.scopes}),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_methods_supported": [*methods, "none"],
                "revocation_endpoint_auth_methods_supported": [*methods, "none"],
                "introspection_endpoint_auth_methods_supported": methods,
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    return metadata
