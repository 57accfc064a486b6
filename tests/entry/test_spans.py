"""Spans of a call: the MCP server's, the tool's, the provider's request and the renewal that came before it."""

from collections.abc import Generator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.entry.wires import over_memory
from tests.fakes.practice import Practice
from tests.fakes.spans import collected, parent_of

from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.sandbox.faults import Fault, FaultKind

pytestmark = pytest.mark.anyio
SEARCH = "sandbox_search_contacts"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Generator[InMemorySpanExporter]:
    with collected(monkeypatch) as made:
        yield made


def named(found: tuple[ReadableSpan, ...], name: str) -> ReadableSpan:
    by_name = {span.name: span for span in found}
    assert name in by_name
    return by_name[name]


@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_a_call_is_a_span_of_mcp_with_the_tool_the_request_and_the_renewal_within_it(
    parts: Parts, world: Practice, account: ConnectedAccount, spans: InMemorySpanExporter, era: str
) -> None:
    world.clock.advance(1801)
    async with over_memory(parts, Path(), era) as client:
        await client.call_tool(SEARCH, {"query": "bakery"})
    found = spans.get_finished_spans()

    served = named(found, f"tools/call {SEARCH}")
    attributes = dict(served.attributes or {})
    assert served.kind == SpanKind.SERVER
    assert (attributes["mcp.method.name"], attributes["gen_ai.tool.name"]) == ("tools/call", SEARCH)
    assert attributes["gen_ai.operation.name"] == "execute_tool"
    assert {"mcp.protocol.version", "jsonrpc.request.id"} <= attributes.keys()

    tool = named(found, f"execute_tool {SEARCH}")
    assert parent_of(tool, found) is served
    assert dict(tool.attributes or {}) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": SEARCH,
        "evergrant.connector": "sandbox",
        "evergrant.outcome": "ok",
    }
    request, renewal = named(found, "GET"), named(found, "refresh sandbox")
    assert parent_of(request, found) is tool
    assert parent_of(renewal, found) is tool
    assert dict(request.attributes or {}) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": int(world.url.rpartition(":")[2]),
        "http.response.status_code": 200,
    }


async def test_a_failure_is_told_by_its_code_and_the_status_alone(
    world: Practice, account: ConnectedAccount, spans: InMemorySpanExporter
) -> None:
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, where="api", times=1))
    await world.app.held_calls.execute(account.key, SEARCH, {"query": "bakery"})
    found = spans.get_finished_spans()

    for name, error in ((f"execute_tool {SEARCH}", "provider_unavailable"), ("GET", "503")):
        span = named(found, name)
        assert span.status.status_code == StatusCode.ERROR
        assert (span.status.description, (span.attributes or {})["error.type"], span.events) == (None, error, ())
