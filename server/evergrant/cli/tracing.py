"""Sending spans: where `EVERGRANT_OTEL` asks for it, to where OpenTelemetry's own variables say."""

from collections.abc import Generator
from contextlib import contextmanager

# Imported where they are used: they are of the extra `otel`.
# ruff: noqa: PLC0415


class NoExporter(Exception):
    """The packages that send spans are not installed."""

    def __init__(self) -> None:
        super().__init__("EVERGRANT_OTEL sends spans by packages that are not here: pip install 'evergrant[otel]'")


@contextmanager
def sending_spans(*, wished: bool) -> Generator[None]:
    """Within the block this process's spans are sent, as OTLP over HTTP; what is left is sent at its end.

    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME and the sampler's variables are the SDK's own. Nothing is
    instrumented beside what this program and its MCP server tell themselves. Raises NoExporter.
    """
    if not wished:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise NoExporter from None
    from opentelemetry.trace import set_tracer_provider

    named = Resource.create({"service.name": "evergrant"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
