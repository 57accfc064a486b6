"""The one place where a credential meets the wire."""

from collections.abc import Callable, Sequence

import httpx2

from evergrant.catalog.origin import Origin
from evergrant.model.secret import Secret

BLANK = b"[access token]"
SHORTEST_TOKEN = 12
"""Bytes of any token that is hard to guess."""


class CredentialWithheld(Exception):
    """The request goes to where this credential may not go; nothing was sent."""


class TokenEnded(Exception):
    """The access token has ended since it was taken from the vault; nothing was sent."""


Signature = Callable[[httpx2.Request, Secret], None]
"""Puts a credential into a request."""


def bearer(request: httpx2.Request, token: Secret) -> None:
    """RFC 6750 2.1."""
    request.headers["Authorization"] = f"Bearer {token.reveal()}"


class Credential:
    """Attaches a credential, only to a request whose final address is on the allow-list.

    With `ended`, which says whether the token has ended by now, it is asked at the last moment before the send.
    """

    def __init__(
        self,
        token: Secret,
        allowed: Sequence[Origin],
        sign: Signature = bearer,
        ended: Callable[[], bool] | None = None,
    ) -> None:
        self._token = token
        self._allowed = allowed
        self._sign = sign
        self._ended = ended

    def attach(self, request: httpx2.Request) -> None:
        """Raises CredentialWithheld or TokenEnded."""
        if not any(origin.admits(str(request.url)) for origin in self._allowed):
            raise CredentialWithheld(f"no credential goes to {request.url.scheme}://{request.url.host}")
        if self._ended and self._ended():
            raise TokenEnded
        self._sign(request, self._token)


def without(token: Secret, body: bytes) -> bytes:
    """An answer's body with the token, where a server repeats it, blanked out; also as JSON may escape its slashes."""
    plain = token.reveal().encode()
    if len(plain) < SHORTEST_TOKEN:
        return body  # it would be found in any text
    for form in (plain, plain.replace(b"/", b"\\/")):
        body = body.replace(form, BLANK)
    return body
