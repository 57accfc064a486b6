"""A service of the network that speaks JSON over HTTP, on a loopback port, in a thread of its own."""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override

Answer = tuple[int, Mapping[str, object]]
Service = Callable[[str, Mapping[str, str], dict[str, object]], Answer]
"""Takes path, headers and body of a POST; gives status and body."""


@contextmanager
def running(service: Service) -> Generator[str]:
    """Answers with `service` until the block ends; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body: dict[str, object] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = service(self.path, dict(self.headers.items()), body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
