"""A certified authorization server that this project did not write, run as its own process for one test or module."""

import json
import select
import subprocess
from collections import Counter, defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(__file__).parent / "oidc" / "server.mjs"
INSTALL = ROOT / "scripts" / "install-test-tools"
SECONDS_TO_START = 20.0
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
    with _node_server({"clients": [client], "scopes": list(scopes), "lifetimes": lifetimes, **more}) as endpoints:
        yield OidcProvider(
            **endpoints.model_dump(),
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uri=redirect_uris[0],
        )


@contextmanager
def _node_server(configuration: dict[str, object]) -> Generator[Endpoints]:
    command = [installed_node(), str(SERVER), json.dumps(configuration)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Endpoints.model_validate_json(_ready_line(process))
        finally:
            process.kill()


def installed_node() -> str:
    """The path of node; brings node and the server's modules first where they are missing."""
    script = subprocess.run([str(INSTALL)], stdout=subprocess.PIPE, text=True, check=False)
    if script.returncode != 0:
        raise RuntimeError(
            "The authorization server for this test is not installed: scripts/install-test-tools failed "
            "(its messages are on standard error). Run it by hand where there is a network."
        )
    return script.stdout.strip()


def _ready_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], SECONDS_TO_START)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise RuntimeError(f"{SERVER.name} did not become ready; its messages are on standard error.")
    return line


def _answer(response: httpx2.Response) -> bytes:
    return response.raise_for_status().content
