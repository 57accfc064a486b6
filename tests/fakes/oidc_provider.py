"""A certified authorization server that this project did not write, run as its own process for one test or module."""

from collections import Counter, defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
from pydantic import BaseModel
from tests.fakes.node_server import node_server

SERVER = Path(__file__).parent / "oidc" / "server.mjs"
CLIENT_ID = "evergrant"
CLIENT_SECRET = "a-secret-of-the-test-client"


class Endpoints(BaseModel):
    """What the server announces once it listens: absolute URLs, named as in RFC 8414."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str


class Row(BaseModel):
    """One accepted `POST /api/rows`: whose token wrote it, and the JSON that was sent."""

    sub: str
    row: object


class Counts(BaseModel):
    """What the server answered so far, counted by HTTP status; a status that never occurred counts 0.

    `token` is keyed by grant type first: `counts.token["refresh_token"][200]`. `rows` are the writes, in order.
    """

    token: defaultdict[str, Counter[int]]
    api: Counter[int]
    rows: list[Row]


class Revoked(BaseModel):
    revoked: int


class OidcProvider(Endpoints):
    """A running server and the one client registered with it.

    Its API: `GET /api/me`, `GET /api/contacts?query=`, `POST /api/rows`, each behind a bearer token (RFC 6750).
    """

    client_id: str
    client_secret: str
    redirect_uri: str

    def counts(self) -> Counts:
        return Counts.model_validate_json(_answer(httpx2.get(f"{self.issuer}/counts", trust_env=False)))

    def revoke_all(self) -> int:
        """Ends every grant as its user would on the provider's own page; returns how many there were."""
        response = httpx2.post(f"{self.issuer}/admin/revoke-all", trust_env=False)
        return Revoked.model_validate_json(_answer(response)).revoked


@contextmanager
def oidc_provider(
    *,
    access_token_seconds: int = 2,
    refresh_token_seconds: int = 3600,
    grant_seconds: int = 3600,
    scopes: Sequence[str] = ("openid", "offline_access", "crm.read"),
    redirect_uris: Sequence[str] = ("http://127.0.0.1/callback",),
    resource_scopes: Sequence[str] = (),
) -> Generator[OidcProvider]:
    """Starts the server on a free loopback port and stops it on exit.

    The client is confidential and may send its secret either way (RFC 6749 section 2.3.1). It is native as well:
    a redirect URI on the loopback address matches with any port (RFC 8252 section 7.3).
    Lives are whole seconds on a clock cut down to seconds, so a token dies up to one second early, never late.
    With `resource_scopes` the client may also ask in its own name for a token for any resource (RFC 8707) with those
    scopes, which is a JWT.
    A refresh rotates the refresh token; a second use of one ends its grant. PKCE with S256 is required.

    Raises RuntimeError when the tools are missing and cannot be installed, or the server does not start.
    """
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": list(redirect_uris),
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token", *(["client_credentials"] if resource_scopes else [])],
    }
    lifetimes = {
        "AccessToken": access_token_seconds,
        "RefreshToken": refresh_token_seconds,
        "Grant": grant_seconds,
    }
    more = {"resource_scopes": " ".join(resource_scopes)} if resource_scopes else {}
    asked = {"clients": [client], "scopes": list(scopes), "lifetimes": lifetimes, **more}
    with node_server(SERVER, asked) as line:
        yield OidcProvider(
            **Endpoints.model_validate_json(line).model_dump(),
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uri=redirect_uris[0],
        )


def _answer(response: httpx2.Response) -> bytes:
    return response.raise_for_status().content
