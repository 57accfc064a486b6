"""Spans leave the process where they are wished for, to where OpenTelemetry's own variables say."""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.sdk.trace import TracerProvider
from typing_extensions import override

from evergrant.cli.tracing import NoExporter, sending_spans


@contextmanager
def collector() -> Generator[tuple[str, list[tuple[str, bytes]]]]:
    """The address of one that takes OTLP over HTTP, and what it was sent: path and body."""
    sent: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", sent
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("variable", "service"), [(None, b"evergrant"), ("grants of acme", b"grants of acme")])
def test_spans_are_sent_at_the_latest_at_the_end_under_the_name_that_is_set(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, service: bytes
) -> None:
    given: list[TracerProvider] = []
    monkeypatch.setattr("opentelemetry.trace.set_tracer_provider", given.append)  # a process can be given one, once
    if variable:
        monkeypatch.setenv("OTEL_SERVICE_NAME", variable)
    with collector() as (address, sent):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        with sending_spans(wished=True):
            given[0].get_tracer("evergrant").start_span("execute_tool sandbox_search_contacts").end()

    ((path, body),) = sent
    assert path == "/v1/traces"
    assert service in body
    assert b"execute_tool sandbox_search_contacts" in body


def test_nothing_is_loaded_or_set_where_spans_are_not_wished_for(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[TracerProvider] = []
    monkeypatch.setattr("opentelemetry.trace.set_tracer_provider", given.append)
    with sending_spans(wished=False):
        pass

    assert given == []


def test_without_the_packages_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(NoExporter, match=r"pip install 'evergrant\[otel\]'"), sending_spans(wished=True):
        pass
