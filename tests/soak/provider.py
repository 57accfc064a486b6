"""The provider of a soak: the sandbox in a process of its own, keeping a ledger of every credential it is shown."""

import base64
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.soak.plan import Policy
from tests.soak.record import Journal, Presented

from evergrant.model.clock import Clock, SystemClock
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.run import serve

WORKER = "X-Worker"
"""The header in which a worker's transport names its process."""


def provide(policies: tuple[Policy, ...], ledger: Path, seed: int, on_listening: Callable[[str], None]) -> None:
    """Serve until SIGTERM; `on_listening` gets the base URL."""
    clients = {policy.name: policy.client() for policy in policies}
    sandbox = Sandbox(clients, clock=SystemClock(), chance=random.Random(seed), auto_approve=True)
    sandbox.app.add_middleware(Ledger, journal=Journal(ledger), clock=SystemClock())
    serve(sandbox, "127.0.0.1", 0, on_listening)


@dataclass
class _Exchange:
    body: bytes = b""
    status: int = 0
    headers: Headers = field(default_factory=Headers)


class Ledger:
    """ASGI middleware that writes down who showed which credential, when, and what came of it."""

    def __init__(self, app: ASGIApp, journal: Journal, clock: Clock) -> None:
        self._app = app
        self._journal = journal
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen, arrived = _Exchange(), self._clock.monotonic()

        async def watched_receive() -> Message:
            message = await receive()
            seen.body += message.get("body", b"")
            return message

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status, seen.headers = message["status"], Headers(scope=message)
            await send(message)

        try:
            await self._app(scope, watched_receive, watched_send)
        except ClientDisconnect:
            pass  # the worker was killed in the middle of its request
        finally:
            if presented := _presented(scope, seen, arrived, self._clock.monotonic()):
                self._journal.write(presented)


def _presented(scope: Scope, seen: _Exchange, arrived: float, ended: float) -> Presented | None:
    headers, path = Headers(scope=scope), str(scope["path"])
    worker, authorization = headers.get(WORKER, "nobody"), headers.get("authorization", "")
    if path == "/token":
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        credential = form.get("refresh_token", "")
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[0]
        return Presented(
            worker, "refresh" if credential else "code", client, digest(credential), arrived, ended, seen.status
        )
    if path.startswith("/crm/"):
        expired = seen.status == 401 and "expired" in seen.headers.get("www-authenticate", "")
        return Presented(worker, "call", "", digest(authorization), arrived, ended, seen.status, expired)
    return None


def digest(credential: str) -> str:
    """What stands for a credential in the books."""
    return hashlib.sha256(credential.encode()).hexdigest()[:16]
