"""The sandbox on a port."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.drop import DroppableProtocol


def serve(sandbox: Sandbox, host: str, port: int, on_listening: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_listening` gets the base URL first. Port 0 picks a free one.

    Raises OSError when the address cannot be had.
    """
    with _listen(host, port) as listener:
        on_listening(_base_url(listener))
        _server(sandbox).run(sockets=[listener])


@contextmanager
def running(sandbox: Sandbox) -> Generator[str]:
    """The sandbox in a thread of its own on a free loopback port, until the block ends; yields the base URL."""
    with _listen("127.0.0.1", 0) as listener:
        server = _server(sandbox)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
        thread.start()
        try:
            # The socket listens already: a request made now waits in its queue until the thread is ready.
            yield _base_url(listener)
        finally:
            server.should_exit = True
            thread.join()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # asyncio sets this only where it sees the protocol's number, which such a socket does not carry; without it every
    # answer of two writes waits some 40 ms for the other side. Accepted connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return listener


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _server(sandbox: Sandbox) -> uvicorn.Server:
    # uvicorn's log settings are those of the whole process, which may run other servers: they are left alone.
    config = uvicorn.Config(
        sandbox.app,
        http=DroppableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=None,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
