"""Clients of two transports, as light as can be, so that what they measure is the server.

They speak 2026-07-28, and 2025-11-25 after its handshake.
"""

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

Era = Literal["2026-07-28", "2025-11-25"]
ERAS: tuple[Era, ...] = ("2026-07-28", "2025-11-25")
CLIENT = {"name": "bench", "version": "1"}
PREFIX = "io.modelcontextprotocol/"
META = {
    f"{PREFIX}protocolVersion": ERAS[0],
    f"{PREFIX}clientInfo": CLIENT,
    f"{PREFIX}clientCapabilities": dict[str, object](),
}
HANDSHAKE = {"protocolVersion": ERAS[1], "capabilities": dict[str, object](), "clientInfo": CLIENT}
LARGEST = 1 << 24
Params = Mapping[str, object]


class CallFailed(Exception):
    """An answer that is not the one that is measured."""


class Wire(Protocol):
    """One client's connection to a server."""

    async def ready(self) -> None:
        """Before a round, which may come after a pause."""
        ...

    async def ask(self, method: str, params: Params) -> bytes:
        """The answer, undecoded."""
        ...


class StdioWire:
    """Any number of calls at one time to a process, one message a line; use `running` within a task."""

    def __init__(self, process: Process, era: Era) -> None:
        assert process.stdin
        assert process.stdout
        self._in, self._out = process.stdin, process.stdout
        self._era: Era = era
        self._number = 0
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}

    async def running(self) -> None:
        """Hand answers to those who wait for them, until the process ends."""
        while line := await self._out.readline():
            _, _, rest = line.partition(b'"id":')
            if waiting := self._waiting.pop(rest.partition(b",")[0].rstrip(b"}\n").strip(), None):
                waiting.set_result(line)

    async def begin(self) -> None:
        """Shake hands, where the era does."""
        if self._era == ERAS[1]:
            await self.ask("initialize", HANDSHAKE)
            self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def ready(self) -> None:
        """Nothing to do."""

    async def ask(self, method: str, params: Params) -> bytes:
        self._number += 1
        answer = asyncio.get_running_loop().create_future()
        self._waiting[str(self._number).encode()] = answer
        self._send(_message(self._number, method, params, self._era))
        found: bytes = await answer
        return found

    def _send(self, message: Params) -> None:
        self._in.write(json.dumps(message).encode() + b"\n")


class HttpWire:
    """One call at a time over one connection that is kept."""

    def __init__(self, port: int, era: Era, bearer: str | None) -> None:
        self._port = port
        self._era: Era = era
        self._headers = {
            "Host": f"127.0.0.1:{port}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {bearer}"} if bearer else {}),
        }
        self._number = 0

    async def ready(self) -> None:
        """Connect anew: servers close what is idle for a few seconds. A session outlives its connections."""
        self._out.close()
        await self._connect()

    async def _connect(self) -> None:
        self._in, self._out = await asyncio.open_connection("127.0.0.1", self._port, limit=LARGEST)

    async def begin(self) -> None:
        """Connect, and shake hands where the era does."""
        await self._connect()
        if self._era == ERAS[1]:
            head, _ = await self._post(_message(0, "initialize", HANDSHAKE, self._era), {})
            self._headers |= {"Mcp-Session-Id": _header(head, b"mcp-session-id"), "MCP-Protocol-Version": self._era}
            await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"}, {})

    async def ask(self, method: str, params: Params) -> bytes:
        self._number += 1
        named = {"Mcp-Name": str(params["name"])} if "name" in params else {}
        modern = {"MCP-Protocol-Version": self._era, "Mcp-Method": method, **named}
        message = _message(self._number, method, params, self._era)
        _, body = await self._post(message, modern if self._era == ERAS[0] else {})
        return body

    def close(self) -> None:
        """Give the connection up."""
        self._out.close()

    async def _post(self, message: Params, headers: Mapping[str, str]) -> tuple[bytes, bytes]:
        body = json.dumps(message).encode()
        told = {**self._headers, **headers, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._out.write(f"POST /mcp HTTP/1.1\r\n{lines}\r\n".encode() + body)
        head = await self._in.readuntil(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")):
            raise CallFailed(head.decode())
        return head, await self._body(head)

    async def _body(self, head: bytes) -> bytes:
        if told := _header(head, b"content-length"):
            return await self._in.readexactly(int(told))
        whole = b""
        while size := int(await self._in.readuntil(b"\r\n"), 16):
            whole += (await self._in.readexactly(size + 2))[:-2]
        await self._in.readuntil(b"\r\n")
        return whole


def _message(number: int, method: str, params: Params, era: Era) -> Params:
    told = {**params, "_meta": META} if era == ERAS[0] else params
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": told}


def _header(head: bytes, name: bytes) -> str:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return next((value.strip().decode() for key, _, value in lines if key.lower() == name), "")


async def seconds_each(wire: Wire, params: Params, calls: int, wanted: bytes) -> Sequence[float]:
    """How long each of so many calls took, one after the other; `wanted` must be in each answer."""
    clock, spent = asyncio.get_running_loop().time, list[float]()
    for _ in range(calls):
        began = clock()
        answer = await wire.ask("tools/call", params)
        spent.append(clock() - began)
        if wanted not in answer:
            raise CallFailed(answer.decode())
    return spent
