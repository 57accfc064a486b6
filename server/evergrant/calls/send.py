"""Send one API request with a grant; the credential joins it at the transport, after the origin check."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from evergrant.spans import RequestSpan
from evergrant.wire import LARGEST_API_ANSWER, TIMEOUT, read_capped

CALL_DEADLINE_S = 60.0
"""One call ends by then, however slowly its answer drips: the time after which MCP clients give up."""

Attach = Callable[[httpx2.Request], None]
"""Puts the credential into a request that may have it."""


def unsigned(_request: httpx2.Request) -> None:
    """For a request that needs no credential."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends API requests; nothing is followed, nothing is sent twice, no cookie is kept: there is no client between."""

    transport: httpx2.AsyncBaseTransport
    deadline_s: float = CALL_DEADLINE_S

    async def send(self, request: httpx2.Request, attach: Attach = unsigned) -> tuple[httpx2.Response, bytes]:
        """The answer and its decoded body; raises httpx2.HTTPError, AnswerTooLarge, or what `attach` raises.

        A call that is not over by the deadline is a ReadTimeout.
        """
        try:
            with RequestSpan(request) as span:
                async with asyncio.timeout(self.deadline_s):
                    response, body = await self._send(request, attach)
                span.answered(response.status_code)
                return response, body
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no whole answer within {self.deadline_s:g} s", request=request) from None

    async def _send(self, request: httpx2.Request, attach: Attach) -> tuple[httpx2.Response, bytes]:
        attach(request)
        request.extensions["timeout"] = TIMEOUT.as_dict()
        response = await self.transport.handle_async_request(request)
        response.request = request
        try:
            return response, await read_capped(response, LARGEST_API_ANSWER)
        finally:
            await response.aclose()
