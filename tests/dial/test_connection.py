"""One connection: nothing that came is lost, nothing waits for ever, nothing is held without bound."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpcore2
import pytest
from tests.dial.test_network import certificate

from evergrant.dial.connection import MOST_AHEAD
from evergrant.dial.sockets import Sockets

pytestmark = pytest.mark.anyio
READABLE = "is_readable"
NAME = "api.example"
SOON_S = 0.05
PATIENT_S = 10.0
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """The port of a server that does this with its one connection, closes it then, and is waited for."""
    over = asyncio.Event()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()
            over.set()

    async with await asyncio.start_server(served, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
        if tls is None:  # else none comes to it where the handshake fails
            await over.wait()


@asynccontextmanager
async def connected(serve: Serve) -> AsyncGenerator[httpcore2.AsyncNetworkStream]:
    """A connection to a server that does this with it, and closes it then."""
    async with serving(serve) as port:
        stream = await Sockets().connect_tcp("127.0.0.1", port, PATIENT_S)
        yield stream
        await stream.aclose()


async def until_closed(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while await reader.read(1 << 16):
            pass


async def all_of(stream: httpcore2.AsyncNetworkStream) -> bytes:
    return b"".join([data async for data in _pieces(stream)])


async def _pieces(stream: httpcore2.AsyncNetworkStream) -> AsyncGenerator[bytes]:
    while data := await stream.read(10_000, PATIENT_S):
        yield data


async def test_what_came_before_a_connection_broke_is_read_before_the_error() -> None:
    async def answer_and_break(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"answer")
        await writer.drain()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with connected(answer_and_break) as stream:
        async with asyncio.timeout(PATIENT_S):
            while stream.get_extra_info("socket").fileno() >= 0:
                await asyncio.get_running_loop().run_in_executor(None, str)
        assert await stream.read(100, PATIENT_S) == b"answer"
        with pytest.raises(httpcore2.ReadError):
            await stream.read(100, PATIENT_S)
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"more", PATIENT_S)


async def test_what_came_unasked_makes_an_idle_connection_unfit() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        await until_closed(reader, writer)

    async with connected(speak) as stream:
        assert not stream.get_extra_info(READABLE)
        await stream.write(b"x")
        async with asyncio.timeout(PATIENT_S):
            while not stream.get_extra_info(READABLE):
                await asyncio.get_running_loop().run_in_executor(None, str)
        # Also once the loop has taken it from the socket.
        await asyncio.get_running_loop().run_in_executor(None, str)
        assert stream.get_extra_info(READABLE)


async def test_an_answer_that_ends_its_connection_is_whole() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.write(b"x" * 3_000_000)
        writer.write_eof()
        await until_closed(reader, writer)

    async with connected(answer) as stream:
        await stream.write(b"ask", PATIENT_S)
        assert await all_of(stream) == b"x" * 3_000_000
        assert await stream.read(1, PATIENT_S) == b""


async def test_no_more_waits_to_be_read_than_may() -> None:
    sent = 0

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.transport.set_write_buffer_limits(high=0)
        for _number in range(400):
            writer.write(b"y" * 100_000)
            await writer.drain()
            sent += 100_000

    async with connected(pour) as stream:
        await stream.read(1, PATIENT_S)
        before = -1
        while before != sent:  # until the server waits for us
            before = sent
            for _ in range(50):
                await asyncio.get_running_loop().run_in_executor(None, str)
        assert sent < 400 * 100_000
        assert len(await all_of(stream)) == 400 * 100_000 - 1


@pytest.mark.parametrize("size", [1, MOST_AHEAD * 3])
async def test_a_read_that_is_cancelled_or_late_loses_nothing(size: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"z" * size)
        await writer.drain()

    async with connected(answer) as stream:
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(10, SOON_S)
        reading = asyncio.ensure_future(stream.read(10))
        await asyncio.get_running_loop().run_in_executor(None, str)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await stream.write(b"x")
        assert await all_of(stream) == b"z" * size


async def test_a_server_that_takes_nothing_is_given_up() -> None:
    given_up = asyncio.Event()

    async def take_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is one that reads
        await given_up.wait()

    async with connected(take_nothing) as stream:
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(b"x" * 50_000_000, SOON_S)
        given_up.set()


async def test_nobody_there_is_told() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(httpcore2.ConnectError):
            await Sockets().connect_tcp("127.0.0.1", bound.getsockname()[1], PATIENT_S)


@asynccontextmanager
async def secured(folder: Path, serve: Serve) -> AsyncGenerator[tuple[httpcore2.AsyncNetworkStream, ssl.SSLContext]]:
    """A connection to a TLS server, before its handshake, and what trusts it."""
    tls, trust = certificate(folder, NAME)
    async with serving(serve, tls) as port:
        stream = await Sockets().connect_tcp("127.0.0.1", port, PATIENT_S)
        yield stream, trust
        await stream.aclose()


async def test_tls_carries_much_both_ways_and_tells_the_end(tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(2_000_000))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with secured(tmp_path, echo) as (plain, trust):
        stream = await plain.start_tls(trust, NAME, PATIENT_S)
        assert stream.get_extra_info("ssl_object")
        assert not stream.get_extra_info(READABLE)
        await stream.write(b"t" * 2_000_000, PATIENT_S)
        assert await all_of(stream) == b"t" * 2_000_000
        assert stream.get_extra_info(READABLE)
        await stream.aclose()


async def test_tls_of_another_name_is_refused_and_the_connection_closed(tmp_path: Path) -> None:
    async with secured(tmp_path, until_closed) as (plain, trust):
        with pytest.raises(httpcore2.ConnectError, match="certificate"):
            await plain.start_tls(trust, "other.example", PATIENT_S)
        assert plain.get_extra_info(READABLE)


async def test_a_handshake_that_nobody_answers_is_given_up(tmp_path: Path) -> None:
    _, trust = certificate(tmp_path, NAME)
    async with connected(until_closed) as stream:
        with pytest.raises(httpcore2.ConnectTimeout):
            await stream.start_tls(trust, NAME, SOON_S)
        assert stream.get_extra_info(READABLE)


async def test_a_handshake_with_who_speaks_no_tls_is_refused(tmp_path: Path) -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await until_closed(reader, writer)

    _, trust = certificate(tmp_path, NAME)
    async with connected(speak_plainly) as stream:
        with pytest.raises(httpcore2.ConnectError):
            await stream.start_tls(trust, NAME, PATIENT_S)


async def test_a_name_is_tried_at_each_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        stream = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(socket.AF_INET, *stream, (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    async with serving(until_closed) as port:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
        stream = await Sockets().connect_tcp("api.example", port, PATIENT_S)
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        assert stream.get_extra_info("client_addr")
        await stream.aclose()


async def test_a_name_without_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    with pytest.raises(httpcore2.ConnectError, match="unknown"):
        await Sockets().connect_tcp("api.example", 443, PATIENT_S)
