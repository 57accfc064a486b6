"""The HTTP API on an event loop of its own, for tools that make their requests from code without one."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send
from tests.fakes.practice import Practice, practice
from tests.fakes.receiver import Receiver, receiving
from tests.service.holding import waiting

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.audit import EVERYTHING
from evergrant.parts import mcp_parts
from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer

HOST = (b"host", b"localhost")


@dataclass(frozen=True)
class Served:
    """An ASGI app that may be called from any loop; all of it runs on the one where its vault was opened."""

    web: Starlette
    loop: asyncio.AbstractEventLoop
    token: str
    seeds: Mapping[str, str]
    """Ids and handles of what is there, by the parameter of a path that takes them."""
    receiver: Receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = self._answer(scope, await _body(receive))
            for message in await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, self.loop)):
                await send(message)

    async def _answer(self, scope: Scope, body: bytes) -> Sequence[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [HOST, *(header for header in scope["headers"] if header[0] != b"host")]
        await self.web({**scope, "headers": headers}, receive, send)
        return sent


@contextmanager
def served(home: Path) -> Generator[Served]:
    """Seeded with what a tenant has: an account, a key, a webhook endpoint, a link, a call that waits and one that
    ended, an event."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with receiving() as receiver:
            opening = _open(home, receiver, loop)
            made = asyncio.run_coroutine_threadsafe(anext(opening), loop).result()
            try:
                yield made
            finally:
                asyncio.run_coroutine_threadsafe(opening.aclose(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _open(home: Path, receiver: Receiver, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[Served]:
    async with practice(home, permit=["127.0.0.1"], resolve=_nowhere) as world:
        log, app = structlog.get_logger(), world.app
        web = web_app(app, make_server(mcp_parts(app, log), bearer_principal), dict, log)
        token = local_bearer(app.vault.ring.ring).reveal()
        yield Served(web, loop, token, await _seeds(world, receiver), receiver)


async def _seeds(world: Practice, receiver: Receiver) -> Mapping[str, str]:
    """Ben's grant is dead, so that there is always a call that waits."""
    app = world.app
    await world.connect()
    other = await world.connect("other", "ben")
    world.sandbox.revoke(user="ben")
    ended, waits = [await waiting(world, other, "sandbox_append_row", {"row": [each]}) for each in ("a", "b")]
    await app.held_calls.cancel(LOCAL_TENANT, ended)
    key, _ = await app.key_desk.make(LOCAL_TENANT, Wish("agent"))
    endpoint, _ = await app.webhooks.add(LOCAL_TENANT, receiver.url)
    link = app.links.made(app.links.to_connect(LOCAL_TENANT, "sandbox", "third", {"origin": world.url}))
    begun = await app.connect.begin(LOCAL_TENANT, "sandbox", "fourth", {"origin": world.url})
    await app.audit.journal.drain()
    (line, *_) = app.audit_log.page(LOCAL_TENANT, EVERYTHING, 1)
    return {
        "call_id": waits,
        "line_id": line.id,
        "key_id": key.id,
        "endpoint_id": endpoint.id,
        "handle": link.url.rpartition("/")[2],
        "id": begun.authorization_id,
        "url": receiver.url,
        "origin": world.url,
    }


async def _nowhere(host: str, _port: int) -> Sequence[str]:
    raise OSError(f"no test asks where {host} is")


async def _body(receive: Receive) -> bytes:
    content, more = b"", True
    while more:
        message = await receive()
        content, more = content + message.get("body", b""), message.get("more_body", False)
    return content
