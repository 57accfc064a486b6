"""A provider that answers at once: `python -m tests.bench.calls.provider` prints the port on which it listens.

Bare asyncio and one constant answer, so that what is measured is the way to it. It looks at the token of each request.
"""

import asyncio
import json
import sys
from typing import cast

TOKEN = "tok_bench_0123456789abcdefghijklmnopqrstuvwxyz"
CONTACTS = [
    {
        "id": f"con_{number:08}",
        "name": f"Ada Byron {number}",
        "email": f"ada.{number}@acme.example",
        "company": "Acme Bakery and Sons",
        "phone": "+44 20 7946 0000",
        "updated_at": "2026-11-26T01:00:00Z",
        "note": None,
    }
    for number in range(11)
]
BODY = json.dumps({"results": CONTACTS, "next": None}).encode()
"""About 2 KB."""
HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
GOOD = HEAD.format(status="200 OK", size=len(BODY)).encode() + BODY
REFUSED = HEAD.format(status="401 Unauthorized", size=2).encode() + b"{}"
BEARER = f"\r\nauthorization: bearer {TOKEN}\r\n".lower().encode()
END = b"\r\n\r\n"


class _Connection(asyncio.Protocol):
    """Requests without a body, one after the other."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(END)) >= 0:
            request = bytes(self._waiting[: end + 2]).lower()
            del self._waiting[: end + len(END)]
            self._transport.write(GOOD if BEARER in request else REFUSED)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
