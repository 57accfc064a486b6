"""The connection to the server, as the bearer of a token."""

import re
import ssl

import httpx2

from evergrant.model.secret import Secret
from evergrant.sdk.errors import Unauthorized

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BEARABLE = re.compile(r"[!-~]+")


def connected(url: str, token: Secret | None, transport: httpx2.AsyncBaseTransport | None) -> httpx2.AsyncClient:
    """What asks the server at `url`; raises Unauthorized where there is no token, or one that no header can carry."""
    base = httpx2.URL(url.rstrip("/"))
    is_local = base.host in LOOPBACK
    return httpx2.AsyncClient(
        base_url=base,
        headers={"Authorization": f"Bearer {_checked(token).reveal()}"},
        transport=transport,
        follow_redirects=False,
        trust_env=not is_local,  # a proxy has no business with a token for this machine
        # Reading the machine's certificates would take longer than most calls.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if base.scheme == "http" else True,
    )


def _checked(token: Secret | None) -> Secret:
    if token is None:
        raise _unauthorized("There is no token to ask the server with.")
    if not BEARABLE.fullmatch(token.reveal()):
        raise _unauthorized("The token is empty, or has a line break, a space or a character that no token has.")
    return token


def _unauthorized(what_happened: str) -> Unauthorized:
    return Unauthorized(
        {
            "code": Unauthorized.CODE,
            "what_happened": what_happened,
            "what_to_do": "Set EVERGRANT_TOKEN to what `evergrant token` prints.",
        }
    )
