"""Whatever fails beneath, and at whatever request: an exception's text reaches no client, no log and no span."""

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
import structlog
from mcp.server import Server
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import JsonValue
from starlette.applications import Starlette
from structlog.testing import LogCapture
from tests.entry.modern import modern
from tests.fakes.practice import Practice
from tests.fakes.spans import collected
from tests.tenancy.asgi import Asked, send

from evergrant.app import App
from evergrant.catalog.catalog import Catalog
from evergrant.entry.api.document import IN_PATH
from evergrant.entry.api.operation import Described
from evergrant.entry.mcp.client import TASKS
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.list_changes import ListChanges
from evergrant.entry.mcp.server import make_server
from evergrant.entry.socket import listening
from evergrant.model.account import ConnectedAccount
from evergrant.model.principal import Principal
from evergrant.model.tool_mode import ALL
from evergrant.parts import mcp_parts
from evergrant.service.idempotency import Once
from evergrant.service.standing import Standing
from evergrant.service.tenant_pace import TenantPace
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import Database
from evergrant.store.lookup import Lookup
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio

CANARY = "at_SECRET_canary of eve@example.test"
LEGACY = "2025-11-25"
CAN: Mapping[str, object] = {"elicitation": {"form": {}, "url": {}}, "extensions": {TASKS: {}}}
ABOUT: JsonValue = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
PARAMS: Mapping[str, JsonValue] = {
    "initialize": ABOUT,
    "tasks/get": {"taskId": "call_x"},
    "tasks/update": {"taskId": "call_x", "inputResponses": {}},
    "tasks/cancel": {"taskId": "call_x"},
    "resources/read": {"uri": "evergrant://accounts/conn_x"},
    "subscriptions/listen": {"notifications": {"toolsListChanged": True}},
}
"""What a method takes, beside tools/call."""
INPUTS: Mapping[str, JsonValue] = {
    "connected_account_id": "acme",
    "tool_name": "sandbox_list_rows",
    "tool_input": {},
    "tool_names": ["sandbox_list_rows"],
    "names": ["sandbox_list_rows"],
    "query": "rows",
    "connector": "sandbox",
    "call_id": "call_x",
    "result_id": "res_x",
    "contact_id": "con_00000001",
    "name": "x",
    "row": ["x"],
}
BODIES: Mapping[str, JsonValue] = {
    "/v1/accounts/{account}": {"paused": True},
    "/v1/calls/{call_id}/resume": {},
    "/v1/connections": {"connector": "sandbox", "client_id": "practice", "client_secret": "practice-practice"},
    "/v1/execute": {"connected_account_id": "acme", "tool_name": "sandbox_list_rows"},
    "/v1/keys": {"name": "x", "connected_account_ids": ["acme"]},
    "/v1/links": {"connector": "sandbox"},
    "/v1/tenants": {"name": "x"},
    "/v1/tenants/{tenant_id}": {"name": "x"},
    "/v1/tenants/{tenant_id}/keys": {"name": "x"},
    "/v1/webhook_endpoints": {"url": "https://example.com"},
    "/v1/webhook_endpoints/{endpoint_id}": {"state": "enabled"},
    "/v1/webhook_endpoints/{endpoint_id}/replay": {"since": 0},
}
BENEATH: Mapping[str, Sequence[type[object]]] = {
    "the store": (Database, Lookup),
    "the services": (Standing, ListChanges, Catalog),
    "the limits": (TenantPace,),
    "what is done once": (Once,),
}
"""What fails; of the services, it is those of the app too."""

Ask = Callable[[str, JsonValue], Awaitable[str]]
"""Sends a request and returns what came back."""


@dataclass(frozen=True)
class Heard:
    """What is told to others than the client."""

    logged: LogCapture
    caplog: pytest.LogCaptureFixture
    spans: InMemorySpanExporter


@dataclass(frozen=True)
class Served:
    """A server over HTTP and at a socket."""

    app: App
    web: Starlette
    server: Server[Any]
    path: Path
    """Of the socket."""
    heard: Heard

    @property
    def bearer(self) -> str:
        return local_bearer(self.app.vault.ring.ring).reveal()

    def methods(self) -> list[str]:
        """All that is answered over MCP, also what the SDK answers itself."""
        return sorted(vars(self.server)["_request_handlers"])


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Generator[InMemorySpanExporter]:
    with collected(monkeypatch) as exporter:
        yield exporter


@pytest.fixture
def heard(logged: LogCapture, caplog: pytest.LogCaptureFixture, spans: InMemorySpanExporter) -> Heard:
    caplog.set_level(logging.DEBUG)
    return Heard(logged, caplog, spans)


@pytest.fixture
async def served(
    world: Practice, account: ConnectedAccount, heard: Heard, tmp_path: Path
) -> AsyncGenerator[Served, None]:
    log = structlog.wrap_logger(
        structlog.PrintLogger(), processors=[heard.logged], wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    parts = replace(mcp_parts(world.app, log), hold_s=0, tools=(ALL,))
    server = make_server(parts, bearer_principal)
    web = web_app(world.app, server, dict, log)
    local = make_server(parts, lambda: Principal(LOCAL_TENANT))
    path = tmp_path / "socket"
    async with web.router.lifespan_context(web), listening(path, local, log):
        yield Served(world.app, web, server, path, heard)


@pytest.mark.parametrize("beneath", ["the store", "the services", "the limits"])
@pytest.mark.parametrize("way", ["http-old", "http-new", "stream-old", "stream-new"])
async def test_over_mcp_no_method_and_no_tool_tells_an_exceptions_text(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    beneath: str,
) -> None:
    async with _asking(served, way) as ask:
        listed = await ask("tools/list", {})
        calls = _calls(listed)
        assert len(calls) > 7
        broken = _break(monkeypatch, served, beneath)
        answers = {method: await ask(method, PARAMS.get(method, {})) for method in _methods(served, way)}
        answers |= {f"tools/call {name}": await ask("tools/call", call) for name, call in calls.items()}

    assert broken, "nothing was asked of what fails"
    _tell_nothing(served, answers)


@pytest.mark.parametrize("beneath", BENEATH)
async def test_no_route_of_the_api_tells_an_exceptions_text(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    beneath: str,
) -> None:
    headers = {"authorization": f"Bearer {served.bearer}"}
    await _got(served, Asked("GET", "/v1/connectors", headers))  # the tenant's limit is known then
    broken = _break(monkeypatch, served, beneath)
    if beneath == "what is done once":
        headers |= {"Idempotency-Key": "x"}
    answers: dict[str, str] = {}
    for route in (each for each in served.web.routes if isinstance(each, Described)):
        asked = Asked(route.method, IN_PATH.sub("acme", route.path), headers)
        answers[f"{route.method} {route.path}"] = await _got(served, asked.with_body(BODIES.get(route.path, {})))

    assert len(broken) >= len(answers) / 5, "many routes ask what fails"
    _tell_nothing(served, answers)


def _tell_nothing(served: Served, answers: Mapping[str, str]) -> None:
    assert not {what for what, text in answers.items() if _tells(text)}
    assert not [entry for entry in served.heard.logged.entries if _tells(str(entry))]
    assert not [record for record in served.heard.caplog.records if _tells(f"{record.getMessage()} {record.exc_info}")]
    assert not _tells(served.heard.caplog.text)
    assert not [span.name for span in served.heard.spans.get_finished_spans() if _tells(span.to_json())]
    assert any(entry.get("type") == "builtins.RuntimeError" for entry in served.heard.logged.entries)


def _tells(text: str) -> bool:
    return "SECRET" in text or "eve@" in text


def _break(monkeypatch: pytest.MonkeyPatch, served: Served, beneath: str) -> list[str]:
    """Has whatever is asked of these fail; returns what was asked, as it comes."""
    broken: list[str] = []
    kinds = {*BENEATH[beneath], *(_services(served.app) if beneath == "the services" else ())}
    for kind in kinds:
        for name, found in vars(kind).items():
            if inspect.isfunction(found) and not name.startswith("_"):
                monkeypatch.setattr(kind, name, _failing(f"{kind.__name__}.{name}", broken))
    return broken


def _services(app: App) -> set[type[object]]:
    """All that the app has of its own and is asked something."""
    found = [cast("type[object]", type(getattr(app, field.name))) for field in fields(app)]
    ours = {kind for kind in found if kind.__module__.startswith(("evergrant.service", "evergrant.vault"))}
    return ours - {Vault, TenantPace, Once}  # the last two come before all others, so nothing else would be asked


def _failing(name: str, broken: list[str]) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        broken.append(name)
        raise RuntimeError(f"{name}: {CANARY}")

    return fail


def _calls(listed: str) -> dict[str, JsonValue]:
    """A call of each listed tool, with all that it takes."""
    lines = [line.removeprefix("data: ") for line in listed.splitlines() if "{" in line]
    tools = cast("list[dict[str, Any]]", json.loads(lines[-1])["result"]["tools"])
    return {
        tool["name"]: {
            "name": tool["name"],
            "arguments": {name: INPUTS[name] for name in tool["inputSchema"].get("properties", {}) if name in INPUTS},
        }
        for tool in tools
    }


def _methods(served: Served, way: str) -> list[str]:
    begin = "initialize" if way.endswith("old") and way != "stream-old" else "server/discover"
    return [begin, "ping", *(method for method in served.methods() if method not in ("tools/call", "initialize"))]


async def _got(served: Served, asked: Asked) -> str:
    """All of an answer; of an exception that goes further, to the web server and its log, its text."""
    try:
        with anyio.fail_after(20):
            return (await send(served.web, asked)).whole
    except Exception as error:  # noqa: BLE001  (whichever it is)
        return f"went further: {error!r}"


@asynccontextmanager
async def _asking(served: Served, way: str) -> AsyncGenerator[Ask, None]:
    wire, _, era = way.partition("-")
    async with (_over_http if wire == "http" else _over_stream)(served, era) as ask:
        yield ask


@asynccontextmanager
async def _over_http(served: Served, era: str) -> AsyncGenerator[Ask, None]:
    headers = {"authorization": f"Bearer {served.bearer}", "accept": "application/json, text/event-stream"}
    if era == "old":
        begun = await send(served.web, Asked("POST", "/mcp", headers).with_body(_message("initialize", ABOUT)))
        session = dict(begun.headers)["mcp-session-id"]
        headers |= {"mcp-session-id": session, "mcp-protocol-version": LEGACY}
        await send(served.web, Asked("POST", "/mcp", headers).with_body(READY))

    async def ask(method: str, params: JsonValue) -> str:
        if era == "old":
            return await _got(served, Asked("POST", "/mcp", headers).with_body(_message(method, params)))
        given = _modern(method, params, served.bearer)
        return await _got(served, Asked("POST", "/mcp", given["headers"]).with_body(given["json"]))

    yield ask


@asynccontextmanager
async def _over_stream(served: Served, era: str) -> AsyncGenerator[Ask, None]:
    reader, writer = await asyncio.open_unix_connection(served.path, limit=4 << 20)

    async def said(message: JsonValue) -> None:
        writer.write(json.dumps(message).encode() + b"\n")
        await writer.drain()

    async def ask(method: str, params: JsonValue) -> str:
        await said(_message(method, params) if era == "old" else _modern(method, params, "")["json"])
        with anyio.fail_after(20):
            text = ""
            while not text.endswith("\n") or '"id":1' not in text.splitlines()[-1]:
                line = (await reader.readline()).decode()
                assert line, text
                text += line
            return text

    try:
        if era == "old":
            await ask("initialize", ABOUT)
            await said(READY)
        yield ask
    finally:
        writer.close()
        await writer.wait_closed()


READY: JsonValue = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def _message(method: str, params: JsonValue) -> JsonValue:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _modern(method: str, params: JsonValue, bearer: str) -> dict[str, Any]:
    assert isinstance(params, dict)
    name = str(params.get("name") or params.get("uri") or params.get("taskId") or "")
    given = modern(method, params, name, CAN, bearer=bearer)
    return {**given, "headers": {key: value for key, value in given["headers"].items() if value}}
