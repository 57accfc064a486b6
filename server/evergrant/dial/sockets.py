"""Connections that tell at once whether their server has hung up: the pool asks every idle one, twice a request."""

import select
import socket
import ssl
from collections.abc import Iterable
from typing import cast

import httpcore2
from typing_extensions import override


class Sockets(httpcore2.AsyncNetworkBackend):
    """Connects as the pool's own backend does."""

    def __init__(self) -> None:
        # It is imported optionally there, so a type checker cannot tell what it is.
        self._backend = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        return watched(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


def watched(stream: httpcore2.AsyncNetworkStream) -> httpcore2.AsyncNetworkStream:
    """The same stream, which tells sooner whether it can be read; as it is where that cannot be (Windows)."""
    found = cast("socket.socket | None", stream.get_extra_info("socket"))
    return _Watched(stream, found) if found and found.fileno() >= 0 and hasattr(select, "poll") else stream


class _Watched(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream, socket: socket.socket) -> None:
        self._stream, self._socket = stream, socket
        self._poll = select.poll()
        self._poll.register(socket.fileno(), select.POLLIN)

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return watched(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    @override
    def get_extra_info(self, info: str) -> object:
        if info != "is_readable":
            return self._stream.get_extra_info(info)
        # A closed socket has no number any more, and its former one may be another's.
        return self._socket.fileno() < 0 or bool(self._poll.poll(0))
