"""Serving pages and the API on a port, for the commands that do: others are spared the import of what does it."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from evergrant.cli.server import bind


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the command, whose own Ctrl-C must reach it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _server(app: ASGIApp) -> uvicorn.Server:
    """Without an access log, which would hold codes and states."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5)
    return _Server(config)


@asynccontextmanager
async def listening(app: ASGIApp, host: str, port: int) -> AsyncGenerator[None, None]:
    """Serve `app` on a port for the block; raises CannotListen."""
    async with serving(app, bind(host, port)):
        yield


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None, None]:
    """Serve `app` on a socket for the block, and close it."""
    server = _server(app)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()
