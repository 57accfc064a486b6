"""An identity provider of somebody else, of whose access tokens we read the keys and nothing more."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from evergrant.dial.network import mark_declared
from evergrant.model.json import Json, at
from evergrant.oauth.jwk import VerifyingKey, read_keys
from evergrant.wire import AnswerTooLarge, parse_json, read_capped

PATIENCE_S = 10.0
"""All requests for the keys together; callers wait for them."""
LARGEST = 1 << 20
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "evergrant"}


class IssuerUnavailable(Exception):
    """The issuer's keys cannot be had; the message says why, in words that are fit for a log."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where the keys are. The operator has named `url` and `jwks_url`, so those may lead into a private network.

    An address that the issuer's own metadata names may not, unless it is at the issuer's origin.
    """

    http: httpx2.AsyncClient
    url: str
    jwks_url: str | None = None

    async def keys(self) -> tuple[VerifyingKey, ...]:
        """The keys of now; raises IssuerUnavailable."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                keys = read_keys(await self._read(self.jwks_url or await self._announced()))
        except (httpx2.HTTPError, httpx2.InvalidURL, AnswerTooLarge, TimeoutError, OSError) as error:
            raise IssuerUnavailable(f"the issuer did not answer as one ({type(error).__name__})") from None
        if keys is None:
            raise IssuerUnavailable("what is at the address of the issuer's keys is not a set of keys")
        return keys

    async def _announced(self) -> str:
        """The address of the keys by the metadata, which must say that it is this issuer's (RFC 8414 3.3)."""
        for address in metadata_addresses(self.url):
            document = await self._read(address)
            found = at(document, "/jwks_uri")
            if at(document, "/issuer") == self.url and isinstance(found, str):
                if self.url.startswith("https:") and not found.startswith("https:"):
                    raise IssuerUnavailable("the issuer's metadata names an address of its keys that is not https")
                return found
        raise IssuerUnavailable("no metadata of the issuer says where its keys are")

    async def _read(self, address: str) -> Json:
        """The document there; None for anything but a success with JSON. A redirect is none."""
        request = httpx2.Request("GET", address, headers=HEADERS)
        if address == self.jwks_url or _origin(request.url) == _origin(httpx2.URL(self.url)):
            mark_declared(request)
        response = await self.http.send(request, stream=True)
        try:
            body = await read_capped(response, LARGEST)
        finally:
            await response.aclose()
        return parse_json(body)[1] if response.status_code == 200 else None


def metadata_addresses(issuer: str) -> Iterator[str]:
    """Where an issuer may announce itself: RFC 8414 3.1 and OpenID Connect Discovery 4."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    yield f"{origin}/.well-known/oauth-authorization-server{path}"
    yield f"{origin}{path}/.well-known/openid-configuration"


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
