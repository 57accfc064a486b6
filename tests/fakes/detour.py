"""A network on which the hosts of Google, GitHub and Slack lead to their emulators, and no other host is there.

So the shipped connectors run as they are, hosts and schemes included.
"""

import json
import ssl
from collections.abc import Mapping

import httpx2
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
OF_A_BODY = {"content-length", "transfer-encoding"}


class Detour(httpx2.AsyncBaseTransport):
    """Sends each request to the emulator of its host, over plain HTTP on the loopback.

    `refused` are access tokens that the emulators shall not know. Left alone they take any word for a token, so
    these are kept from them: then they refuse the request in the way of their service.
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
        detoured = self._to(service, request, await request.aread())
        return await self._wire.handle_async_request(detoured if service != "slack" else _as_emulated(detoured))

    def _to(self, service: str, request: httpx2.Request, content: bytes) -> httpx2.Request:
        query = b"?" + request.url.query if request.url.query else b""
        path = request.url.raw_path.partition(b"?")[0].decode()
        path = PLACES.get((request.url.host, path), path)
        address = f"{self._addresses[service]}{path}{query.decode()}"
        kept = [(name, value) for name, value in request.headers.multi_items() if self._is_kept(name, value)]
        return httpx2.Request(request.method, address, headers=kept, content=content, extensions=request.extensions)

    def _is_kept(self, name: str, value: str) -> bool:
        if name.lower() == "authorization":
            return value.rpartition(" ")[2] not in self.refused
        return name.lower() not in OF_A_BODY

    @override
    async def aclose(self) -> None:
        await self._wire.aclose()


def _as_emulated(request: httpx2.Request) -> httpx2.Request:
    """The same said so that Slack's emulator understands it.

    Slack takes its reading methods by GET too, and `markdown_text` in place of `text`. The emulator knows POST with a
    form, and `text`.
    """
    if request.method == "GET" and request.url.path.startswith("/api/"):
        headers = [*request.headers.multi_items(), ("Content-Type", "application/x-www-form-urlencoded")]
        address = request.url.copy_with(query=None)
        return httpx2.Request("POST", address, headers=headers, content=request.url.query, extensions=request.extensions)
    if b'"markdown_text"' not in request.content:
        return request
    said = json.loads(request.content)
    content = json.dumps({**said, "text": said["markdown_text"]}).encode()
    headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() not in OF_A_BODY]
    return httpx2.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)
