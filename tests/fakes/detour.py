"""A network on which the hosts of Google, GitHub and Slack lead to their emulators, and no other host is there.

So the shipped connectors run as they are, hosts and schemes included.
"""

import ssl
from collections.abc import Mapping

import httpx2
from tests.fakes.dialect import as_emulated, as_served
from typing_extensions import override

HOSTS = {
    "accounts.google.com": "google",
    "oauth2.googleapis.com": "google",
    "openidconnect.googleapis.com": "google",
    "www.googleapis.com": "google",
    "gmail.googleapis.com": "google",
    "people.googleapis.com": "google",
    "github.com": "github",
    "api.github.com": "github",
    "slack.com": "slack",
    "files.slack.com": "slack",
}
PLACES = {
    # Google has them on hosts of their own; the emulator has one host for all.
    ("oauth2.googleapis.com", "/token"): "/oauth2/token",
    ("oauth2.googleapis.com", "/revoke"): "/oauth2/revoke",
    ("openidconnect.googleapis.com", "/v1/userinfo"): "/oauth2/v2/userinfo",
}


class Detour(httpx2.AsyncBaseTransport):
    """Sends each request to the emulator of its host, over plain HTTP on the loopback.

    `refused` are access tokens that have ended. The emulators take any word for a token, so these are kept from
    them: then they refuse the request in the way of their service.
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        # An empty trust store: nothing here speaks TLS, and loading the system's would take longer than all requests.
        self._wire = httpx2.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self.refused = set[str]()

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        service = HOSTS.get(request.url.host)
        if service is None or request.url.scheme != "https":
            raise httpx2.ConnectError(f"nobody is at {request.url}", request=request)
        detoured = as_emulated(service, self._detoured(self._addresses[service], request, await request.aread()))
        response = await self._wire.handle_async_request(detoured)
        return await as_served(service, request, response)

    def _detoured(self, address: str, request: httpx2.Request, content: bytes) -> httpx2.Request:
        path, mark, query = request.url.raw_path.decode().partition("?")
        url = f"{address}{PLACES.get((request.url.host, path), path)}{mark}{query}"
        headers = [(name, value) for name, value in request.headers.multi_items() if not self._is_refused(name, value)]
        return httpx2.Request(request.method, url, headers=headers, content=content, extensions=request.extensions)

    def _is_refused(self, name: str, value: str) -> bool:
        return name.lower() == "authorization" and value.rpartition(" ")[2] in self.refused

    @override
    async def aclose(self) -> None:
        await self._wire.aclose()
