"""Send one API request with a grant; the credential joins it at the transport, after the origin check."""

import asyncio
from dataclasses import dataclass

import httpx2

from evergrant.spans import RequestSpan
from evergrant.wire import LARGEST_API_ANSWER, read_capped

CALL_DEADLINE_S = 60.0
"""One call ends by then, however slowly its answer drips: the time after which MCP clients give up."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends API requests; nothing is followed, nothing is sent twice."""

    http: httpx2.AsyncClient
    deadline_s: float = CALL_DEADLINE_S

    async def send(self, request: httpx2.Request, auth: httpx2.Auth) -> tuple[httpx2.Response, bytes]:
        """The answer and its decoded body; raises httpx2.HTTPError, AnswerTooLarge, or what `auth` raises.

        A call that is not over by the deadline is a ReadTimeout.
        """
        try:
            with RequestSpan(request) as span:
                async with asyncio.timeout(self.deadline_s):
                    response, body = await self._send(request, auth)
                span.answered(response.status_code)
                return response, body
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no whole answer within {self.deadline_s:g} s", request=request) from None

    async def _send(self, request: httpx2.Request, auth: httpx2.Auth) -> tuple[httpx2.Response, bytes]:
        response = await self.http.send(request, auth=auth, stream=True)
        try:
            return response, await read_capped(response, LARGEST_API_ANSWER)
        finally:
            await response.aclose()
