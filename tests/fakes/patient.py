"""The network without the limits of time on connecting and reading: hundreds of calls at once on a busy machine."""

import ssl

import httpx2
from typing_extensions import override


class Patient(httpx2.AsyncHTTPTransport):
    """Waits for as long as it takes."""

    def __init__(self) -> None:
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.extensions.pop("timeout", None)
        return await super().handle_async_request(request)
