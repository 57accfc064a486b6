"""Connections closed without an answer.

An ASGI application cannot close a connection: when it returns without an answer, uvicorn sends a 500 in its place.
So the server's protocol puts a way to abort the transport into the scope, and `Dropped` uses it. In-process there is
no connection to close; there `Dropped` raises instead, and an in-process transport passes the exception to the client.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

_ABORT = "evergrant.sandbox.abort"

DropError: TypeAlias = Callable[[str], Exception]


class ConnectionDropped(ConnectionError):
    """Raised in-process where a real server would have closed the connection."""


class Dropped(Response):
    """In place of an answer, the connection is closed."""

    def __init__(self, error: DropError) -> None:
        super().__init__()
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - Starlette's signature
        abort: Callable[[], None] | None = scope.get("state", {}).get(_ABORT)
        if abort is None:
            raise self._error("The sandbox closed the connection without an answer.")
        abort()
        # The server believes in an answer until it has noticed the end of the connection.
        while (await receive())["type"] != "http.disconnect":
            pass


class DroppableProtocol(H11Protocol):
    """HTTP/1.1 over uvicorn whose connections the application may abort; it writes no access log."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, _ABORT: self._abort}, _loop)
        self.access_log = False

    def _abort(self) -> None:
        self.transport.abort()
