"""A receiver of webhooks as an operator writes one: a real HTTP server that verifies with `standardwebhooks`."""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook
from typing_extensions import override

from evergrant.model.clock import from_epoch


@dataclass(frozen=True)
class Received:
    """One message as it came."""

    id: str
    timestamp: int
    signatures: tuple[str, ...]
    body: str
    headers: Mapping[str, str]

    @property
    def data(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    def is_signed_by(self, secret: str) -> bool:
        """Whether the official library makes one of its signatures; whatever the clock says."""
        return Webhook(secret).sign(self.id, from_epoch(self.timestamp), self.body) in self.signatures

    def verify(self, secret: str) -> None:
        """As receivers do it; raises WebhookVerificationError."""
        Webhook(secret).verify(self.body, dict(self.headers))


Reply = tuple[int, Mapping[str, str]]
OK: Reply = (200, {})


def takes_all(_received: Received) -> Reply:
    """A receiver that is well."""
    return OK


@dataclass
class Receiver:
    """Keeps what came; `answer` says how it answers, and may block for a slow one."""

    url: str = ""
    answer: Callable[[Received], Reply] = takes_all
    received: list[Received] = field(default_factory=list[Received])

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    def take(self, received: Received) -> Reply:
        self.received.append(received)
        return self.answer(received)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: senders that are killed leave broken connections behind."""


@contextmanager
def receiving(answer: Callable[[Received], Reply] = takes_all) -> Generator[Receiver]:
    """A receiver on a loopback port until the block ends."""
    receiver = Receiver(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            signatures = tuple(headers["webhook-signature"].split(" "))
            received = Received(headers["webhook-id"], int(headers["webhook-timestamp"]), signatures, body, headers)
            status, more = receiver.take(received)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
