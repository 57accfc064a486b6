"""The demo's network: on a machine that is busy, an answer that takes its time is no provider in trouble."""

import httpx2
from typing_extensions import override

LONGEST_S = 120.0
"""Of real time, for each step of a request; the day itself passes on the virtual clock."""


class Unhurried(httpx2.AsyncBaseTransport):
    """A transport whose requests wait longer than those of the program do."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.extensions["timeout"] = httpx2.Timeout(LONGEST_S).as_dict()
        return await self._transport.handle_async_request(request)

    @override
    async def aclose(self) -> None:
        await self._transport.aclose()
