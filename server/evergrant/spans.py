"""Spans for OpenTelemetry: of a call, of a request to its provider, of a renewal.

Names and attributes follow the semantic conventions (GenAI, HTTP). No span carries an input, an answer, a path, a
query, a header or the text of an error. Where nobody listens to spans, one costs a microsecond or two.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import Token

import httpx2
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, StatusCode

TRACER = trace.get_tracer("evergrant")
"""It follows the provider of spans that the process is given, if it is given one."""


class CallSpan:
    """The span of one call, current from `begin` to `leave`; `end` may come later, for a write whose caller left."""

    __slots__ = ("_current", "_span")

    def __init__(self) -> None:
        self._span: trace.Span = trace.INVALID_SPAN
        self._current: Token[context.Context] | None = None

    def begin(self) -> None:
        """Requests of the call are its children from now on."""
        self._span = TRACER.start_span("execute_tool", kind=SpanKind.INTERNAL)
        if self._span.is_recording():
            self._current = context.attach(trace.set_span_in_context(self._span))

    def leave(self) -> None:
        """Give the task's former span its place back."""
        if self._current is not None:
            context.detach(self._current)
            self._current = None

    def end(self, tool: str | None, connector: str | None, outcome: str, *, failed: bool) -> None:
        """The call has come to `outcome`, a code."""
        if not self._span.is_recording():
            return
        if tool:
            self._span.update_name(f"execute_tool {tool}")
        told = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, "evergrant.connector": connector}
        self._span.set_attributes({name: value for name, value in told.items() if value})
        self._span.set_attribute("evergrant.outcome", outcome)
        if failed:
            self._span.set_attribute("error.type", outcome)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class RequestSpan:
    """A block in which a request is sent to a provider and answered."""

    __slots__ = ("_current", "_request", "_span")

    def __init__(self, request: httpx2.Request) -> None:
        self._request = request
        self._span: trace.Span = trace.INVALID_SPAN
        self._current: Token[context.Context] | None = None

    def __enter__(self) -> "RequestSpan":
        self._span = TRACER.start_span(self._request.method, kind=SpanKind.CLIENT)
        if self._span.is_recording():
            self._span.set_attributes(_of_request(self._request))
            self._current = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._current is None:
            return
        context.detach(self._current)
        if kind:
            failed(self._span, kind.__name__)
        self._span.end()

    def answered(self, status: int) -> None:
        """Note the status of the answer."""
        if self._current is not None:
            self._span.set_attribute("http.response.status_code", status)
            if status >= 400:
                failed(self._span, str(status))


@contextmanager
def refresh_span(connector: str) -> Generator[trace.Span]:
    """A block in which a refresh token is exchanged."""
    with TRACER.start_as_current_span(
        f"refresh {connector}", kind=SpanKind.INTERNAL, record_exception=False, set_status_on_exception=False
    ) as span:
        span.set_attribute("evergrant.connector", connector)
        yield span


def failed(span: trace.Span, kind: str) -> None:
    """Note that it failed, by a word of few."""
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def _of_request(request: httpx2.Request) -> dict[str, str | int]:
    url = request.url
    return {
        "http.request.method": request.method,
        "url.scheme": url.scheme,
        "server.address": url.host,
        "server.port": url.port or (443 if url.scheme == "https" else 80),
    }
