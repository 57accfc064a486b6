"""The operator's web service of the demo: takes events over HTTP, and believes those that are signed."""

import hmac
import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook
from typing_extensions import override

from evergrant.model.clock import Clock, from_epoch
from evergrant.model.secret import Secret

TOLERANCE = timedelta(minutes=5)
POLL_S = 0.02
LARGEST = 64 << 10


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that arrived with a good signature."""

    id: str
    type: str
    account_id: str | None
    at: datetime
    """When it arrived, on the demo's clock."""


@dataclass(slots=True)
class Receiver:
    """Knows the secret of its endpoint, and what time it is: the library's own check goes by the machine's clock."""

    clock: Clock
    secret: Secret | None = None
    taken: list[Taken] = field(default_factory=list[Taken])
    """In their order, each once."""
    refused: int = 0
    """Messages without a good signature."""

    def asks_for(self, account_id: str) -> bool:
        """Whether the last that is known of the account is that it needs its person."""
        mine = [event for event in self.taken if event.account_id == account_id]
        return bool(mine) and mine[-1].type == "agent.auth.reauth_required"

    def take(self, headers: Mapping[str, str], body: str) -> int:
        """The status to answer a message with; names of headers are in lower case."""
        if not self._is_signed(headers, body):
            self.refused += 1
            return 401
        event, id_ = json.loads(body), headers["webhook-id"]
        if all(known.id != id_ for known in self.taken):
            self.taken.append(Taken(id_, event["event"], event.get("connected_account_id"), self.clock.now()))
        return 204

    def _is_signed(self, headers: Mapping[str, str], body: str) -> bool:
        id_, sent_at, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
        if self.secret is None or not sent_at.isdecimal():
            return False
        moment = from_epoch(int(sent_at))
        good = Webhook(self.secret.reveal()).sign(id_, moment, body)
        is_ours = any(hmac.compare_digest(good, each) for each in signatures.split(" "))
        return is_ours and abs(self.clock.now() - moment) <= TOLERANCE


@contextmanager
def listening(receiver: Receiver) -> Generator[str]:
    """The receiver on a free loopback port, in threads of its own, until the block ends; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers["Content-Length"]), LARGEST)).decode()
            self.send_response(receiver.take({name.lower(): value for name, value in self.headers.items()}, body))
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), name="receiver", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/events"
        finally:
            server.shutdown()
            thread.join()
