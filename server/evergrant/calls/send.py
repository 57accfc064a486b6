"""Send one API request with a grant; the credential joins it at the transport, after the origin check."""

from dataclasses import dataclass

import httpx2

from evergrant.wire import LARGEST_API_ANSWER, read_capped


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends API requests; nothing is followed, nothing is sent twice."""

    http: httpx2.AsyncClient

    async def send(self, request: httpx2.Request, auth: httpx2.Auth) -> tuple[httpx2.Response, bytes]:
        """The answer and its decoded body; raises httpx2.HTTPError, AnswerTooLarge, or what `auth` raises."""
        response = await self.http.send(request, auth=auth, stream=True)
        try:
            return response, await read_capped(response, LARGEST_API_ANSWER)
        finally:
            await response.aclose()
