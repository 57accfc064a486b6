"""The one place where a credential meets the wire."""

from collections.abc import Generator, Sequence

import httpx2

from evergrant.catalog.origin import Origin
from evergrant.model.secret import Secret


class CredentialWithheld(Exception):
    """The request goes to where this credential may not go; nothing was sent."""


class BearerAuth(httpx2.Auth):
    """Attach an access token (RFC 6750 2.1), only to a request whose final address is on the allow-list."""

    def __init__(self, token: Secret, allowed: Sequence[Origin]) -> None:
        self._token = token
        self._allowed = allowed

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Raises CredentialWithheld before anything is sent."""
        if not any(origin.admits(str(request.url)) for origin in self._allowed):
            raise CredentialWithheld(f"no credential goes to {request.url.scheme}://{request.url.host}")
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request
