"""MCP's stdio transport over asyncio's streams: one JSON-RPC message a line, one session a stream."""

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError
from typing_extensions import override

CHUNK = 1 << 16
LONGEST_LINE = 4 << 20
"""Bytes; as much as the SDK takes in a request over HTTP."""


async def serve_stdio(server: Server[Any]) -> None:
    """One session over this process's stdin and stdout, until stdin ends."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def serve_stream(server: Server[Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One session, until its other end stops sending or goes away; `writer` is closed then."""
    with anyio.CancelScope() as session:
        outgoing = _Outgoing(writer, session)
        try:
            await server.run(_Incoming(reader, outgoing), outgoing, server.create_initialization_options())
        finally:
            writer.close()
    with suppress(OSError):
        await writer.wait_closed()  # the last bytes are on their way


class _Outgoing(ObjectSendStream[SessionMessage]):
    """Messages to the client, each written where it is sent: a stream between would cost each turns of the loop."""

    def __init__(self, writer: asyncio.StreamWriter, session: anyio.CancelScope) -> None:
        self._writer = writer
        self._session = session
        self._closed = False

    @override
    async def send(self, item: SessionMessage) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
        line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        try:
            self._writer.write(line.encode() + b"\n")
            await self._writer.drain()
        except OSError:
            self._session.cancel()  # who reads no answers may go on asking
            raise anyio.BrokenResourceError from None

    @override
    async def aclose(self) -> None:
        self._closed = True


class _Incoming(ObjectReceiveStream[SessionMessage | Exception]):
    """Messages of the client, a line each; what is no message is answered here."""

    def __init__(self, reader: asyncio.StreamReader, outgoing: _Outgoing) -> None:
        self._reader = reader
        self._outgoing = outgoing
        self._lines = deque[bytes]()
        self._begun = bytearray()

    @override
    async def receive(self) -> SessionMessage:
        while True:
            while not self._lines:
                await self._read()
            if message := await self._taken(self._lines.popleft()):
                return message

    @override
    async def aclose(self) -> None:
        """Nothing is read any more by who asks for nothing."""

    async def _read(self) -> None:
        try:
            chunk = await self._reader.read(CHUNK)
        except OSError:
            chunk = b""
        if not chunk:
            raise anyio.EndOfStream
        first, *others = chunk.split(b"\n")
        # Of a line that is too long, no more is kept than shows it.
        self._begun += first[: LONGEST_LINE + 1 - len(self._begun)]
        for other in others:
            self._lines.append(bytes(self._begun))
            self._begun = bytearray(other)

    async def _taken(self, line: bytes) -> SessionMessage | None:
        if len(line) > LONGEST_LINE:
            await self._refuse(INVALID_REQUEST, f"A message may have {LONGEST_LINE} bytes. Send less at once.")
        elif line.strip():
            try:
                return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
            except ValidationError:
                await self._refuse(*_fault(line))
        return None

    async def _refuse(self, code: int, text: str) -> None:
        error = JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=code, message=text))
        try:
            await self._outgoing.send(SessionMessage(error))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise anyio.EndOfStream from None


def _fault(line: bytes) -> tuple[int, str]:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return PARSE_ERROR, "A line is not JSON. Send one JSON-RPC message a line."
    return INVALID_REQUEST, "A line is not a JSON-RPC message."
