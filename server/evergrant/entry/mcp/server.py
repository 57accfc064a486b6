"""The MCP server: one object that serves clients of the handshake era and of 2026-07-28."""

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any, TypeVar, cast

from mcp.server import NotificationOptions, Server
from mcp.server.context import HandlerResult
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
)

from evergrant.entry.mcp import results
from evergrant.entry.mcp.accounts import CONNECT_ACCOUNT, LIST_ACCOUNTS
from evergrant.entry.mcp.client import TASKS, Context, is_modern
from evergrant.entry.mcp.discovery import DESCRIBE_TOOLS, search_tools
from evergrant.entry.mcp.execution import EXECUTE_TOOL
from evergrant.entry.mcp.ladder import Ladder
from evergrant.entry.mcp.meta import Answer
from evergrant.entry.mcp.named import NamedTools
from evergrant.entry.mcp.paced import Paced
from evergrant.entry.mcp.paging import page
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.resume import RESUME_CALL
from evergrant.entry.mcp.tasks import TaskParams, Tasks, TaskUpdate
from evergrant.entry.mcp.wall import Wall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import ReauthRequired
from evergrant.model.principal import Principal
from evergrant.service.standing import Standing

NAME = "evergrant"
FRESH_MS = 60_000
"""How long a client may keep a list of tools."""

INSTRUCTIONS = """\
Evergrant gives you tools that act as connected accounts: people's standings with services such as a CRM or a \
spreadsheet. Call list_accounts first. Tools named after a service are ready to call; all others are found with \
search_tools, explained by describe_tools and called with execute_tool.
Tokens are renewed for you, so never ask for one. When a call fails with reauth_required, the person must open its \
reauth_url: give them the link and the confirmation_code as they are, say which account it is for, and do not guess or \
make up the data meanwhile; resume_call then goes on with that call. With insufficient_scope it is the step_up_url. \
An empty result means that the query ran and matched nothing. A failure says what to do next; retry only what says \
that it may be retried."""


class _Server(Server[Any]):
    """The SDK asks for these options without arguments, and would then deny that the list of tools changes."""

    list_changed = False

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        options = notification_options or NotificationOptions(tools_changed=self.list_changed)
        return super().create_initialization_options(options, experimental_capabilities, extensions)


ParamsT = TypeVar("ParamsT", bound=TaskParams)
TaskHandler = Callable[[Context, Standing, ParamsT], Awaitable[HandlerResult]]


def make_server(parts: Parts, principal_of: Callable[[], Principal], *, list_changed: bool = False) -> Server[Any]:
    """A server for any number of sessions; `principal_of` says, within a request, who asks.

    `list_changed` announces notifications to handshake clients, so it is for those who send them.
    """
    surface = _Surface(parts, principal_of)
    server = _Server(
        NAME,
        version=version("evergrant"),
        title="Evergrant",
        instructions=INSTRUCTIONS,
        on_list_tools=surface.list_tools,
        # Without it the SDK walks the whole list of tools at every call over HTTP.
        get_tool_input_schema=surface.input_schema,
    )
    server.list_changed = list_changed
    server.extensions = {TASKS: {}}
    server.add_request_handler("tools/call", CallToolRequestParams, surface.call_tool)
    server.add_request_handler("tasks/get", TaskParams, surface.get_task)
    server.add_request_handler("tasks/update", TaskUpdate, surface.update_task)
    server.add_request_handler("tasks/cancel", TaskParams, surface.cancel_task)
    # Tool and arguments are bound by the boundary itself.
    security = RequestStateSecurity(
        keys=[parts.state_key], ttl=parts.state_ttl_s, bind_principal=lambda _: _bound(principal_of())
    )
    server.middleware.append(RequestStateBoundary(security, default_audience=NAME))
    if parts.pace:
        server.middleware.append(Paced(parts.pace, principal_of))
    return server


class _Surface:
    """What the server answers, each answer behind the wall."""

    def __init__(self, parts: Parts, principal_of: Callable[[], Principal]) -> None:
        self._parts = parts
        self._principal_of = principal_of
        self._named = NamedTools(parts)
        self._tasks = Tasks()
        self._ladder = Ladder(parts, self._tasks)
        tools = (LIST_ACCOUNTS, search_tools(parts), DESCRIBE_TOOLS, EXECUTE_TOOL, RESUME_CALL, CONNECT_ACCOUNT)
        self._meta = {tool.wire.name: tool for tool in tools}

    async def list_tools(self, _: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        with Wall(self._parts.log, "tools/list") as wall:
            who = self._who()
            connectors = {account.connector for account in who.accounts()}
            first = [tool.wire for tool in self._meta.values()]
            tools, following = page(first, self._named.listed(who, connectors), params.cursor if params else None)
            return ListToolsResult(tools=tools, next_cursor=following, ttl_ms=FRESH_MS, cache_scope="private")
        raise _broken(wall)

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> HandlerResult:
        with Wall(self._parts.log, "tools/call") as wall:
            who = self._who()
            if params.request_state is not None and is_modern(context):
                return await self._ladder.go_on(context, who, params.request_state, params.input_responses)
            answer = await self._call(who, params.name, cast("JsonObject", params.arguments or {}))
            if isinstance(answer, ReauthRequired):
                return await self._ladder.climb(context, who, answer)
            return answer if isinstance(answer, CallToolResult) else results.of(answer)
        return results.broken(wall.reference)

    async def get_task(self, context: Context, params: TaskParams) -> HandlerResult:
        return await self._task(self._tasks.get, context, params)

    async def update_task(self, context: Context, params: TaskUpdate) -> HandlerResult:
        return await self._task(self._tasks.update, context, params)

    async def cancel_task(self, context: Context, params: TaskParams) -> HandlerResult:
        return await self._task(self._tasks.cancel, context, params)

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        with Wall(self._parts.log, "input schema"):
            if meta := self._meta.get(name):
                return meta.wire.input_schema
            found = self._named.find(name)
            return found[1].input_schema if found else None
        return None

    async def _task(self, answer: TaskHandler[ParamsT], context: Context, params: ParamsT) -> HandlerResult:
        with Wall(self._parts.log, context.method) as wall:
            return await answer(context, self._who(), params)
        raise _broken(wall)

    def _who(self) -> Standing:
        return self._parts.standing(self._principal_of())

    async def _call(self, who: Standing, name: str, arguments: JsonObject) -> Answer:
        if meta := self._meta.get(name):
            return await meta.call(self._parts, who, arguments)
        connector = found[0] if (found := self._named.find(name)) else None
        accounts = [each for each in who.accounts() if each.connector == connector]
        if not accounts:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {name}. Call search_tools to find the right name.")
        return await self._named.call(who, accounts, name, arguments)


def _bound(who: Principal) -> str:
    """What a request's state is bound to: another key of the same tenant is another."""
    return f"{who.tenant_id} {who.name}"


def _broken(wall: Wall) -> MCPError:
    return MCPError(INTERNAL_ERROR, f"Evergrant failed at this; the reason is in its log under {wall.reference}.")
