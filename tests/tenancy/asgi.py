"""Requests to an ASGI app without sockets and without a client's own work."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

import anyio
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.types import Message, Scope


@dataclass(frozen=True)
class Asked:
    """A request; `path` and `query` are as written in a URL."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: str = ""
    content: str = ""

    def with_body(self, body: JsonValue) -> "Asked":
        headers = {**self.headers, "content-type": "application/json"}
        return replace(self, headers=headers, content=json.dumps(body))

    def turned(self, swaps: Mapping[str, str]) -> "Asked":
        """The same request of other things: each text in the place of another."""
        headers = {name: swapped(value, swaps) for name, value in self.headers.items()}
        in_url = {quote(old, ""): quote(new, "") for old, new in swaps.items()}
        path, query = (swapped(each, in_url) for each in (self.path, self.query))
        return Asked(self.method, path, headers, query, swapped(self.content, swaps))


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Sequence[tuple[str, str]]
    text: str

    @property
    def whole(self) -> str:
        return "\n".join([*(f"{name}: {value}" for name, value in self.headers), self.text])


def swapped(text: str, swaps: Mapping[str, str]) -> str:
    for old, new in swaps.items():
        text = text.replace(old, new)
    return text


@dataclass
class _Exchange:
    content: bytes
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    body: bytearray = field(default_factory=bytearray)
    received: bool = False

    async def receive(self) -> Message:
        if self.received:
            await anyio.sleep_forever()  # it stays until it has its answer
        self.received = True
        return {"type": "http.request", "body": self.content, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.decode().lower(), value.decode()) for name, value in message.get("headers", ())]
        else:
            self.body += message.get("body", b"")


async def send(web: Starlette, asked: Asked) -> Answered:
    """What the app answers."""
    exchange = _Exchange(asked.content.encode())
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote(asked.path),
        "raw_path": asked.path.encode(),
        "query_string": asked.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost"), *((k.lower().encode(), v.encode()) for k, v in asked.headers.items())],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": {},
    }
    await web(scope, exchange.receive, exchange.send)
    return Answered(exchange.status, exchange.headers, exchange.body.decode("utf-8", "replace"))
