"""Spans as an exporter gets them, of the MCP server and of our own."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


@contextmanager
def collected(monkeypatch: pytest.MonkeyPatch) -> Generator[InMemorySpanExporter]:
    """The spans of the block. The process's own provider, which can be set once, is left alone."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("mcp.shared._otel._tracer", provider.get_tracer("mcp-python-sdk"))
    monkeypatch.setattr("evergrant.spans.TRACER", provider.get_tracer("evergrant"))
    yield exporter
    provider.shutdown()


def parent_of(span: ReadableSpan, spans: tuple[ReadableSpan, ...]) -> ReadableSpan | None:
    """The span within which it was begun."""
    if span.parent is None:
        return None
    return next((each for each in spans if each.context and each.context.span_id == span.parent.span_id), None)
