"""The connection to the server, as the bearer of a token."""

import ssl

import httpx2

from evergrant.model.secret import Secret
from evergrant.sdk.errors import Unauthorized

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def connected(url: str, token: Secret | None, transport: httpx2.AsyncBaseTransport | None) -> httpx2.AsyncClient:
    """What asks the server at `url`; raises Unauthorized where there is no token."""
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
        raise Unauthorized(
            {
                "code": Unauthorized.CODE,
                "what_happened": "There is no token to ask the server with.",
                "what_to_do": "Set EVERGRANT_TOKEN to what `evergrant token` prints.",
            }
        )
    return token
