"""A server on a loopback port that keeps every byte it is sent and answers what it is told to."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@dataclass
class Recorder:
    """What has come in, over all connections."""

    answer: bytes = EMPTY
    drip_s: float | None = None
    """Seconds between the bytes of an answer that never ends; None sends the answer whole."""
    connections: int = 0
    heard: bytearray = field(default_factory=bytearray)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the other side has gone: that is its business
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heard += head
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        self.heard += await reader.readexactly(int(length.partition(b":")[2]))
        if self.drip_s is None:
            writer.write(self.answer)
            await writer.drain()
            return b"Connection: close" not in self.answer
        while not reader.at_eof():  # for ever, as far as the server is concerned
            writer.write(self.answer[:1])
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), self.drip_s)
        return False

    def url(self, path: str = "") -> str:
        """An address at this server."""
        return f"http://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def recording(tls: ssl.SSLContext | None = None) -> AsyncGenerator[Recorder, None]:
    """A recorder that listens until the end of the block."""
    recorder = Recorder()
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0, ssl=tls)
    recorder.port = server.sockets[0].getsockname()[1]
    async with server:
        yield recorder
