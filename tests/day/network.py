"""The way to the provider: it takes time, can be cut, and every token request on it is written down."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

import httpx2
from typing_extensions import override

from evergrant.model.clock import Clock
from evergrant.sandbox.app import Sandbox

LATENCY_S = 0.2
HANGS_S = 3600.0
TOKEN_PATH = "/token"

Cut = Callable[[httpx2.Request, Clock], Awaitable[None]]
"""What befalls a token request instead of arriving; one that returns lets it through after all."""


async def no_name(request: httpx2.Request, _clock: Clock) -> None:
    """DNS does not know the host."""
    raise httpx2.ConnectError("[Errno -2] Name or service not known", request=request)


async def no_answer(request: httpx2.Request, clock: Clock) -> None:
    """The connection stands and nothing comes back, for longer than anybody waits."""
    await clock.sleep(HANGS_S)
    raise httpx2.ReadTimeout("", request=request)


@dataclass(frozen=True)
class TokenRequest:
    """One request to a token endpoint, whatever became of it."""

    at: float
    """Seconds of true time."""
    refresh_token: str | None
    """None for a grant of another type."""


class Network(httpx2.AsyncBaseTransport):
    """Carries requests to a sandbox in this process; every host leads to it."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        self._asgi = httpx2.ASGITransport(sandbox.app)
        self._clock = clock
        self._in_flight = Counter[str]()
        self.most_in_flight = Counter[str]()
        """The most token requests at one time, by the host and port they went to."""
        self.token_requests: list[TokenRequest] = []
        self.cut: Cut | None = None

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != TOKEN_PATH:
            return await self._carry(request)
        return await self._counted(request)

    async def _counted(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.netloc.decode()
        token = parse_qs(request.content.decode()).get("refresh_token", [None])[0]
        self.token_requests.append(TokenRequest(self._clock.monotonic(), token))
        self._in_flight[host] += 1
        self.most_in_flight[host] = max(self.most_in_flight[host], self._in_flight[host])
        try:
            if self.cut is not None:
                await self.cut(request, self._clock)
            return await self._carry(request)
        finally:
            self._in_flight[host] -= 1

    async def _carry(self, request: httpx2.Request) -> httpx2.Response:
        await self._clock.sleep(LATENCY_S / 2)
        response = await self._asgi.handle_async_request(request)
        await self._clock.sleep(LATENCY_S / 2)
        return response
