"""A transport that is real down to the socket: bytes come from a script, and h11 and the decoders read them."""

from collections.abc import Iterable

import httpcore2
import httpx2
from typing_extensions import override

READ = 64 * 1024


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection on which an answer lies ready, whatever is sent."""

    def __init__(self, answer: bytes, piece: int) -> None:
        self._answer = memoryview(answer)
        self._piece = piece

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        size = min(max_bytes, self._piece)
        piece, self._answer = self._answer[:size], self._answer[size:]
        return bytes(piece)

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    @override
    async def aclose(self) -> None:
        pass

    @override
    def get_extra_info(self, info: str) -> None:
        return None


class Feed(httpcore2.AsyncNetworkBackend):
    """Every connection gets the answer that is set at that time."""

    def __init__(self) -> None:
        self.answer = b""
        self.piece = READ
        self.connections = 0

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connections += 1
        return _Stream(self.answer, self.piece)


class FedTransport(httpx2.AsyncHTTPTransport):
    """httpx's own transport over a feed."""

    def __init__(self, feed: Feed) -> None:
        super().__init__(verify=False)
        self._pool = httpcore2.AsyncConnectionPool(network_backend=feed, max_keepalive_connections=0)
