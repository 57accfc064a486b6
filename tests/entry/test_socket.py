"""The local socket: for its owner alone, one server at a time, one session a connection."""

import json
import socket
import stat
from pathlib import Path
from typing import cast

import anyio
import pytest
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp.server import Server
from structlog.testing import LogCapture

from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.entry.mcp.stream import LONGEST_LINE
from evergrant.entry.private_socket import SocketUnavailable
from evergrant.entry.socket import listening
from evergrant.model.json import Json, JsonObject
from evergrant.model.principal import Principal
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio

INITIALIZE: JsonObject = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
PING: JsonObject = {"jsonrpc": "2.0", "id": 2, "method": "ping"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "mcp.sock"


@pytest.fixture
def server(parts: Parts) -> Server[object]:
    return make_server(parts, lambda: Principal(LOCAL_TENANT))


def mode(path: Path) -> int | None:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


class Peer:
    """The other end of a session, line by line."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._lines = BufferedByteReceiveStream(stream)

    async def write(self, line: bytes) -> None:
        await self._stream.send(line + b"\n")

    async def read(self) -> dict[str, Json]:
        answer = json.loads(await self._lines.receive_until(b"\n", 1 << 20))
        return cast("dict[str, Json]", answer)

    async def ask(self, message: JsonObject) -> dict[str, Json]:
        await self.write(json.dumps(message).encode())
        return await self.read()


async def test_socket_and_folder_are_their_owners_alone_and_the_socket_goes_with_the_server(
    server: Server[object], parts: Parts, path: Path
) -> None:
    async with listening(path, server, parts.log):
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)

    assert mode(path) is None


async def test_a_folder_that_others_could_read_is_closed_to_them(
    server: Server[object], parts: Parts, path: Path
) -> None:
    path.parent.mkdir(mode=0o755)

    async with listening(path, server, parts.log):
        assert mode(path.parent) == 0o700


async def test_a_folder_that_is_a_link_to_elsewhere_is_refused(
    server: Server[object], parts: Parts, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    path.parent.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(SocketUnavailable, match="belongs to somebody else"):
        async with listening(path, server, parts.log):
            pass


async def test_the_socket_of_a_dead_server_is_replaced(server: Server[object], parts: Parts, path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async with listening(path, server, parts.log), await anyio.connect_unix(path) as stream:
        assert "result" in await Peer(stream).ask(INITIALIZE)


async def test_the_socket_of_a_living_server_is_left_to_it(server: Server[object], parts: Parts, path: Path) -> None:
    async with listening(path, server, parts.log):
        with pytest.raises(SocketUnavailable, match="already"):
            async with listening(path, server, parts.log):
                pass
        async with await anyio.connect_unix(path) as stream:
            assert "result" in await Peer(stream).ask(INITIALIZE)


async def test_a_client_that_goes_away_ends_its_own_session_only(
    server: Server[object], parts: Parts, path: Path, logged: LogCapture
) -> None:
    async with listening(path, server, parts.log), await anyio.connect_unix(path) as staying:
        peer = Peer(staying)
        await peer.ask(INITIALIZE)
        for last_words in (b"", b"half a li", json.dumps(INITIALIZE).encode() + b"\n"):
            async with await anyio.connect_unix(path) as leaving:
                await leaving.send(last_words)
        assert (await peer.ask(PING))["result"] == {}

    assert logged.entries == []


async def test_sessions_end_with_the_server(server: Server[object], parts: Parts, path: Path) -> None:
    async with listening(path, server, parts.log):
        stream = await anyio.connect_unix(path)
        await Peer(stream).ask(INITIALIZE)

    async with stream:
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()


async def test_a_session_that_breaks_takes_no_other_with_it_and_its_text_stays_inside(
    parts: Parts, path: Path, logged: LogCapture
) -> None:
    class Broken(Server[object]):
        async def run(self, *_: object, **__: object) -> None:
            raise RuntimeError("at_SECRET")

    async with listening(path, Broken("broken"), parts.log):
        for _ in range(2):
            async with await anyio.connect_unix(path) as stream:
                await stream.send(b"\n")
                with pytest.raises(anyio.EndOfStream):
                    await stream.receive()

    assert [entry["type"] for entry in logged.entries] == ["builtins.RuntimeError"] * 2
    assert "SECRET" not in str(logged.entries)


async def test_what_is_no_message_is_answered_and_the_session_goes_on(
    server: Server[object], parts: Parts, path: Path
) -> None:
    async with listening(path, server, parts.log), await anyio.connect_unix(path) as stream:
        peer = Peer(stream)
        await peer.ask(INITIALIZE)
        for line, code in ((b"{not json", -32700), (b"[]", -32600), (b"x" * (LONGEST_LINE + 1), -32600)):
            await peer.write(line)
            answer = await peer.read()
            assert (answer["id"], answer["error"]["code"]) == (None, code)  # type: ignore[index, call-overload]  # JSON
        await peer.write(b"  ")
        assert (await peer.ask(PING))["id"] == 2


async def test_a_message_of_the_longest_length_is_read(server: Server[object], parts: Parts, path: Path) -> None:
    async with listening(path, server, parts.log), await anyio.connect_unix(path) as stream:
        peer = Peer(stream)
        await peer.ask(INITIALIZE)
        line = json.dumps(PING).encode()
        await peer.write(line + b" " * (LONGEST_LINE - len(line)))
        assert (await peer.read())["id"] == 2
