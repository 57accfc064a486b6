"""What is learnt of a call on its way: counted where it happens, read when the call is over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx2

from evergrant.catalog.tool import Tool
from evergrant.model.outcome import Outcome
from evergrant.model.secret import Secret

REQUEST_IDS = {
    name.encode(): place
    for place, name in enumerate(
        (
            "x-github-request-id",
            "x-slack-req-id",
            "request-id",
            "x-hubspot-correlation-id",
            "x-notion-request-id",
            "x-airtable-request-id",
            "x-zendesk-request-id",
            "x-zm-trackingid",
            "x-sfdc-request-id",
            "x-shopify-request-id",
            "x-ms-request-id",
            "x-amzn-requestid",
            "x-amz-request-id",
            "x-goog-request-id",
            "x-request-id",
            "x-correlation-id",
            "atl-traceid",
            "x-arequestid",
            "x-trace-id",
            "x-cloud-trace-context",
            "x-guploader-uploadid",
            "client-request-id",
            "cf-ray",
        )
    )
}
"""What services call their ids of requests; of several that one answer has, the first of these."""
LONGEST_ID = 128
ID_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/=+|;,@~")
PIECE = 12
"""Characters of a token's beginning or end that no id has by chance."""


@dataclass(slots=True)
class CallTrace:
    """Filled in by whoever carries the call out; what it costs is on the call's own time."""

    connector: str | None = None
    tool_name: str | None = None
    tool: Tool | None = None
    """None until it is known that there is such a tool."""
    requests: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    provider_request_id: str | None = None
    sent_ended: int = 0
    """Requests whose first byte left when their access token had ended by our clock."""
    refused: int = 0
    """Answers that refused an access token which by our clock was alive when it was sent."""
    goes_on: asyncio.Task[Outcome] | None = None
    """A write, which comes to its end though its caller goes away."""
    _explained: int = 0
    """Of `sent_ended`, those whose refusal has come."""

    def known(self, connector: str, name: str, tool: Tool) -> None:
        """There is such a tool."""
        self.connector, self.tool_name, self.tool = connector, name, tool

    def answered(self, request: httpx2.Request, response: httpx2.Response, size: int, token: Secret) -> None:
        """Note a request and its whole answer, of `size` bytes."""
        self.sent(request)
        self.response_bytes += size
        self.provider_request_id = _request_id(response, token) or self.provider_request_id

    def sent(self, request: httpx2.Request) -> None:
        """Note a request that had no whole answer."""
        self.requests += 1
        self.request_bytes += int(request.headers.get("Content-Length", 0))

    def token_refused(self) -> None:
        """Note that the last answer refused the access token."""
        if self.sent_ended > self._explained:
            self._explained = self.sent_ended
        else:
            self.refused += 1

    def watching(self, ended: Callable[[], bool]) -> Callable[[str, object], Awaitable[None]]:
        """What the transport is to call as a request goes out: between the last look at a token and its first byte
        may lie a wait for a connection."""

        async def told(event: str, _info: object) -> None:
            if event.endswith("send_request_headers.started") and ended():
                self.sent_ended += 1

        return told


def _request_id(response: httpx2.Response, token: Secret) -> str | None:
    """The answer's id, if it has the form of one and is not the credential that the server was sent."""
    best, found = len(REQUEST_IDS), b""
    for name, value in response.headers.raw:
        if (place := REQUEST_IDS.get(name.lower(), best)) < best:
            best, found = place, value
    if not 0 < len(found) <= LONGEST_ID or not ID_CHARACTERS.issuperset(found):
        return None
    text, secret = found.decode("ascii"), token.reveal()
    return None if secret and (secret[:PIECE] in text or secret[-PIECE:] in text) else text
