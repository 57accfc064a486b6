"""One connection on an asyncio transport. It reads ahead: what came is at hand, and a broken end does not take it back.

That spares each request several turns of the event loop and the system calls by which a stream begins and ends to wait.
"""

import asyncio
import select
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from typing import cast

import httpcore2
from typing_extensions import override

MOST_AHEAD = 1 << 18
"""Bytes that may wait to be read."""


class Arrivals(asyncio.Protocol):
    """What came and was not read yet; asyncio's own reader drops it when the connection breaks."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.ended = False
        self.error: Exception | None = None
        self.is_full = False
        """Whether the transport has more to send than it should hold."""
        self._awaited: asyncio.Future[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self.bytes += data
        if len(self.bytes) > MOST_AHEAD:
            self.transport.pause_reading()
        self._tell()

    @override
    def eof_received(self) -> None:
        self.ended = True
        self._tell()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.ended, self.error, self.is_full = True, exc, False
        self._tell()

    @override
    def pause_writing(self) -> None:
        self.is_full = True

    @override
    def resume_writing(self) -> None:
        self.is_full = False
        self._tell()

    def taken(self, most: int) -> bytes:
        """Up to so many of the bytes that wait, which wait no longer."""
        taken = bytes(self.bytes[:most])
        del self.bytes[:most]
        if len(self.bytes) <= MOST_AHEAD and not self.transport.is_closing():
            self.transport.resume_reading()
        return taken

    async def until(self, so: Callable[[], bool], seconds: float | None) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not so():
                self._awaited = asyncio.get_running_loop().create_future()
                await self._awaited

    def _tell(self) -> None:
        if self._awaited and not self._awaited.done():
            self._awaited.set_result(None)


class Connection(httpcore2.AsyncNetworkStream):
    """A stream of httpcore's over a transport; one task reads or writes at a time."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._transport = arrivals.transport
        self._poll = select.poll() if hasattr(select, "poll") else None  # Windows has none
        if self._poll:
            self._poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        came = self._arrivals
        if not came.bytes and not came.ended:
            try:
                await came.until(lambda: bool(came.bytes) or came.ended, timeout)
            except TimeoutError:
                raise httpcore2.ReadTimeout(f"nothing came within {timeout:g} s") from None
        if came.error and not came.bytes:
            raise httpcore2.ReadError(str(came.error)) from came.error
        return came.taken(max_bytes)

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        if self._transport.is_closing():
            raise httpcore2.WriteError("the connection has ended")
        self._transport.write(buffer)
        if self._arrivals.is_full:
            try:
                await self._arrivals.until(lambda: not self._arrivals.is_full, timeout)
            except TimeoutError:
                raise httpcore2.WriteTimeout(f"not taken within {timeout:g} s") from None

    @override
    async def aclose(self) -> None:
        self._transport.abort()  # who closes wants nothing of it any more, least of all what was not sent yet

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        clear, loop = Arrivals(), asyncio.get_running_loop()
        clear.transport = self._transport
        with ExitStack() as failed:
            failed.callback(self._transport.abort)
            try:
                async with asyncio.timeout(timeout):
                    upgraded = await loop.start_tls(
                        self._transport, clear, ssl_context, server_hostname=server_hostname
                    )
            except TimeoutError:
                raise httpcore2.ConnectTimeout(f"no TLS handshake within {timeout:g} s") from None
            except OSError as error:
                raise httpcore2.ConnectError(str(error)) from error
            if upgraded is None:
                raise httpcore2.ConnectError("the connection ended before its TLS handshake")
            failed.pop_all()
        clear.transport = upgraded
        return Connection(clear)

    @override
    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":
            return self._is_readable()
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))

    def _is_readable(self) -> bool:
        """Whether something came, or the end, without having been asked for: such a connection serves no request.

        The socket itself is asked for what the loop has not seen yet.
        """
        came = self._arrivals
        known = came.bytes or came.ended or self._transport.is_closing()
        return bool(known) or bool(self._poll and self._poll.poll(0))
