"""MCP's stdio transport over any byte stream: one JSON-RPC message a line, one session a stream."""

import json
from typing import Any

import anyio
from anyio.abc import ByteStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError

LONGEST_LINE = 4 << 20
"""Bytes; as much as the SDK takes in a request over HTTP."""
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


async def serve_stdio(server: Server[Any]) -> None:
    """One session over this process's stdin and stdout, until stdin ends."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def serve_stream(server: Server[Any], stream: ByteStream) -> None:
    """One session over `stream`, until its other end stops sending or goes away; `stream` is closed then."""
    to_server, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, from_server = anyio.create_memory_object_stream[SessionMessage](0)
    async with stream, to_server, incoming, outgoing, from_server, anyio.create_task_group() as tasks:
        tasks.start_soon(_Reader(to_server, outgoing).run, stream)
        tasks.start_soon(_write, from_server, stream, tasks.cancel_scope)
        await server.run(incoming, outgoing, server.create_initialization_options())


class _Reader:
    """Takes lines apart and hands messages on; what is no message is answered here."""

    def __init__(
        self,
        to_server: MemoryObjectSendStream[SessionMessage | Exception],
        outgoing: MemoryObjectSendStream[SessionMessage],
    ) -> None:
        self._to_server = to_server
        self._outgoing = outgoing

    async def run(self, stream: ByteStream) -> None:
        async with self._to_server:
            try:
                await self._read(stream)
            except GONE:
                return

    async def _read(self, stream: ByteStream) -> None:
        line = bytearray()
        async for chunk in stream:
            first, *others = chunk.split(b"\n")
            line += first[: LONGEST_LINE + 1 - len(line)]  # of a line that is too long, no more than shows it is kept
            for other in others:
                await self._take(bytes(line))
                line = bytearray(other)

    async def _take(self, line: bytes) -> None:
        if len(line) > LONGEST_LINE:
            await self._refuse(INVALID_REQUEST, f"A message may have {LONGEST_LINE} bytes. Send less at once.")
        elif line.strip():
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValidationError:
                await self._refuse(*_fault(line))
            else:
                await self._to_server.send(SessionMessage(message))

    async def _refuse(self, code: int, text: str) -> None:
        error = JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=code, message=text))
        await self._outgoing.send(SessionMessage(error))


def _fault(line: bytes) -> tuple[int, str]:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return PARSE_ERROR, "A line is not JSON. Send one JSON-RPC message a line."
    return INVALID_REQUEST, "A line is not a JSON-RPC message."


async def _write(
    from_server: MemoryObjectReceiveStream[SessionMessage], stream: ByteStream, session: anyio.CancelScope
) -> None:
    try:
        async for sent in from_server:
            line = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            await stream.send(line.encode() + b"\n")
    except GONE:
        session.cancel()  # who reads no answers may go on asking
