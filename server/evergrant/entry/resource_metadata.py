"""What clients read to learn who issues access tokens for this server (RFC 9728)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from evergrant.model.json import JsonObject
from evergrant.service.token_desk import READ, TOOLS

WELL_KNOWN = "/.well-known/oauth-protected-resource"
HEADERS = {"Cache-Control": "max-age=300"}


def metadata_url(resource: str) -> str:
    """Where the metadata of a resource is (RFC 9728 3.1)."""
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path}"


def metadata_routes(resource: str, issuer: str) -> Sequence[Route]:
    """The metadata of `resource`, also where clients look that know the host only, for anybody."""
    document: JsonObject = {
        "resource": resource,
        "authorization_servers": [issuer],
        # What a client asks for that was not told what it needs; for more a request's refusal says which scope.
        "scopes_supported": [READ, TOOLS],
        "bearer_methods_supported": ["header"],
        "resource_name": "Evergrant",
    }

    async def metadata(_request: Request) -> Response:
        return JSONResponse(document, headers=HEADERS)

    paths = dict.fromkeys((WELL_KNOWN, f"{WELL_KNOWN}/mcp", urlsplit(metadata_url(resource)).path))
    return [Route(path, metadata) for path in paths]
