"""Our MCP server on a port, with the fixtures of the conformance suite beside its own tools."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from mcp.server import Server
from mcp.server.context import CallNext, HandlerResult
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    SubscriptionsListenRequestParams,
    Tool,
)
from mcp_types.methods import serialize_server_result
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger
from tests.conformance.asking import ASKING
from tests.conformance.content import CONTENT
from tests.conformance.documents import add_documents
from tests.conformance.fixture import Fixture, fixture, text
from tests.conformance.rounds import ROUNDS
from tests.conformance.tasks import task_fixtures
from tests.entry.wires import TOKENS, known, serving

from evergrant.entry.door import Door
from evergrant.entry.mcp import results
from evergrant.entry.mcp.client import Context
from evergrant.entry.mcp.http import bearer_principal, mcp_endpoint
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.entry.mcp.wall import Wall
from evergrant.model.tool_mode import ALL


def conforming(parts: Parts) -> Server[Any]:
    """The server as it is, which also answers to the names that the suite calls."""
    server = make_server(replace(parts, tools=(ALL,)), bearer_principal)
    bus = InMemorySubscriptionBus()
    server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, ListenHandler(bus))
    add_documents(server)
    fixtures = (*CONTENT, *ASKING, *ROUNDS, *task_fixtures(server), *_changes(bus))
    _add(server, {each.wire.name: each for each in fixtures}, parts.log)
    return server


def _changes(bus: InMemorySubscriptionBus) -> tuple[Fixture, ...]:
    async def tools(_: Context, __: CallToolRequestParams) -> CallToolResult:
        await bus.publish(ToolsListChanged())
        return text("Told.")

    async def prompts(_: Context, __: CallToolRequestParams) -> CallToolResult:
        await bus.publish(PromptsListChanged())
        return text("Told.")

    return fixture("test_trigger_tool_change", tools), fixture("test_trigger_prompt_change", prompts)


def _add(server: Server[Any], fixtures: Mapping[str, Fixture], log: FilteringBoundLogger) -> None:
    calling, own_schema = server.get_request_handler("tools/call"), server.get_tool_input_schema
    assert calling
    assert own_schema

    async def call_tool(context: Context, params: CallToolRequestParams) -> HandlerResult:
        if params.name not in fixtures:
            return await calling.handler(context, params)
        with Wall(log, "tools/call") as wall:
            return await fixtures[params.name].run(context, params)
        return results.broken(wall.reference)

    def schema(name: str) -> Mapping[str, Any] | None:
        return fixtures[name].wire.input_schema if name in fixtures else own_schema(name)

    server.middleware.insert(0, _Listed([each.wire for each in fixtures.values()]))
    server.add_request_handler("tools/call", CallToolRequestParams, call_tool)
    server.get_tool_input_schema = schema


class _Listed:
    """Adds tools to what goes on the wire: our own lists have nothing but names before that."""

    def __init__(self, tools: list[Tool]) -> None:
        self._tools = tools

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method == "tools/list" and isinstance(result, dict):
            listed = ListToolsResult(tools=self._tools).model_dump(by_alias=True, mode="json", exclude_none=True)
            result["tools"] += serialize_server_result("tools/list", ctx.protocol_version, listed)["tools"]
        return result


@asynccontextmanager
async def conforming_server(parts: Parts) -> AsyncGenerator[str, None]:
    """The address of its MCP endpoint."""
    endpoint = mcp_endpoint(conforming(parts), Door(known, parts.log))
    app = Bearing(Starlette(routes=[endpoint.route]), next(iter(TOKENS)))
    async with endpoint.running(), serving(app) as url:
        yield f"{url}/mcp"


class Bearing:
    """Lets every request bear a token: the suite has no way to send one."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._header = app, (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "headers": [*scope["headers"], self._header]}, receive, send)
