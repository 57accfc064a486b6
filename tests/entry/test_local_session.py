"""A session over its client's own pipes: answers to the last, an end with either side, nothing left open."""

import fcntl
import json
import os
import socket
import struct
import termios
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import anyio
import pytest
from mcp.server import Server
from structlog.testing import LogCapture
from tests.entry.test_socket import INITIALIZE, PING

from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.entry.socket import listening
from evergrant.model.principal import Principal
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Desktop:
    """A client's ends of its pipes, and the pump's connection, whose copies of the other ends are closed."""

    stdin: BinaryIO
    stdout: BinaryIO
    connection: socket.socket

    async def ask(self, *messages: object) -> None:
        """Send them in one go."""
        lines = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
        await anyio.to_thread.run_sync(self.stdin.write, lines)

    async def line(self) -> dict[str, object]:
        """The next message."""
        found: dict[str, object] = json.loads(await anyio.to_thread.run_sync(self.stdout.readline))
        return found

    async def rest(self) -> bytes:
        """All until nobody can write any more."""
        return await anyio.to_thread.run_sync(self.stdout.read)

    def waiting(self) -> int:
        """The bytes that could be read at once."""
        (found,) = struct.unpack("i", fcntl.ioctl(self.stdout, termios.FIONREAD, bytes(4)))
        return int(found)

    async def farewell(self) -> bytes:
        """What the pump is told at the end; nothing where the server went away."""
        await anyio.wait_readable(self.connection)
        return self.connection.recv(10)


@contextmanager
def desktop(path: Path) -> Generator[Desktop]:
    """Connects, and hands the pipes over as the pump does."""
    theirs_in, stdin = os.pipe()
    stdout, theirs_out = os.pipe()
    with (
        socket.socket(socket.AF_UNIX) as connection,
        open(stdin, "wb", 0) as writing,  # noqa: PTH123 (it has no path)
        open(stdout, "rb") as reading,  # noqa: PTH123
    ):
        connection.connect(str(path))
        socket.send_fds(connection, [b"\n"], [theirs_in, theirs_out])
        os.close(theirs_in)
        os.close(theirs_out)
        yield Desktop(writing, reading, connection)


@pytest.fixture
async def path(tmp_path: Path, parts: Parts) -> AsyncGenerator[Path]:
    async with serving(tmp_path / "run" / "mcp.sock", make_server(parts, lambda: Principal(LOCAL_TENANT)), parts) as at:
        yield at


@pytest.fixture
def quiet(logged: LogCapture) -> Generator[None]:
    """Sessions end without a fault."""
    yield
    assert logged.entries == []


@asynccontextmanager
async def serving(path: Path, server: Server[object], parts: Parts) -> AsyncGenerator[Path]:
    async with listening(path, server, parts.log):
        yield path


def open_files() -> int:
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 (names are enough)


async def fill(client: Desktop) -> list[str]:
    """Ask until the client's pipe is full and the rest waits in the server; returns the ids of all that was asked."""
    ids = [f"{number}{'x' * 1000}" for number in range(200)]
    await client.ask(INITIALIZE, *({**PING, "id": each} for each in ids))
    with anyio.fail_after(10):
        while client.waiting() < 40_000:
            await anyio.lowlevel.checkpoint()
        for _ in range(200):
            await anyio.lowlevel.checkpoint()
    return [str(INITIALIZE["id"]), *ids]


@pytest.mark.usefixtures("quiet")
async def test_many_at_once_are_answered_and_the_pump_is_told_when_its_client_has_closed(path: Path) -> None:
    with desktop(path) as client:
        await client.ask(INITIALIZE, *({**PING, "id": number} for number in range(2, 300)))
        assert {str((await client.line())["id"]) for _ in range(1, 300)} == {str(number) for number in range(1, 300)}
        client.stdin.close()

        assert await client.rest() == b""
        assert await client.farewell() == b"\n"


@pytest.mark.usefixtures("quiet")
async def test_a_pump_that_is_killed_takes_its_clients_pipes_along_and_no_other_session(path: Path) -> None:
    with desktop(path) as staying, desktop(path) as client:
        for one in (staying, client):
            await one.ask(INITIALIZE)
            assert (await one.line())["id"] == 1
        client.connection.close()

        assert await client.rest() == b""
        with pytest.raises(BrokenPipeError):
            client.stdin.write(b"\n")
        await staying.ask(PING)
        assert (await staying.line())["id"] == 2


@pytest.mark.usefixtures("quiet")
async def test_a_client_that_reads_no_more_ends_its_session(path: Path) -> None:
    with desktop(path) as client:
        client.stdout.close()
        await client.ask(INITIALIZE)

        assert await client.farewell() == b"\n"


@pytest.mark.usefixtures("quiet")
async def test_what_is_no_message_of_a_client_that_reads_no_more_ends_its_session(path: Path) -> None:
    with desktop(path) as client:
        client.stdout.close()
        await anyio.to_thread.run_sync(client.stdin.write, b"{not json\n" * 20)

        assert await client.farewell() == b"\n"


@pytest.mark.usefixtures("quiet")
async def test_a_server_that_ends_closes_the_pipes_without_a_farewell(tmp_path: Path, parts: Parts) -> None:
    server = make_server(parts, lambda: Principal(LOCAL_TENANT))
    with ExitStack() as clients:
        async with serving(tmp_path / "run" / "mcp.sock", server, parts) as path:
            client = clients.enter_context(desktop(path))
            await client.ask(INITIALIZE)
            await client.line()

        assert await client.rest() == b""
        assert await client.farewell() == b""


@pytest.mark.usefixtures("quiet")
async def test_answers_that_nobody_takes_end_with_the_pump(path: Path) -> None:
    with desktop(path) as client:
        await fill(client)
        client.connection.close()
        await client.rest()  # which ends


@pytest.mark.usefixtures("quiet")
async def test_answers_that_wait_together_for_a_slow_reader_come_whole(path: Path) -> None:
    with desktop(path) as client:
        asked = await fill(client)
        answered = [(await client.line())["id"] for _ in asked]

        assert sorted(map(str, answered)) == sorted(asked)


async def test_what_is_no_pipe_is_refused_and_nothing_stays_open(
    path: Path, tmp_path: Path, logged: LogCapture
) -> None:
    before = open_files()
    with (tmp_path / "file").open("w+b") as file:
        for handed in ([file.fileno(), file.fileno()], [file.fileno()]):
            async with await anyio.connect_unix(path) as connection:
                await connection.send_fds(b"\n", handed)
                with pytest.raises(anyio.EndOfStream):
                    await connection.receive()

    assert [entry["event"] for entry in logged.entries] == ["unforeseen failure"] * 2
    assert open_files() == before


async def test_who_leaves_before_a_word_leaves_nothing_open(path: Path, logged: LogCapture) -> None:
    before = open_files()
    for _ in range(3):
        await (await anyio.connect_unix(path)).aclose()
    await anyio.wait_all_tasks_blocked()

    assert open_files() == before
    assert logged.entries == []
