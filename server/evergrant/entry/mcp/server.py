"""The MCP server: one object that serves clients of the handshake era and of 2026-07-28."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any, TypeVar, cast

from mcp.server import NotificationOptions, Server
from mcp.server.context import HandlerResult
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp.types import (
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
from evergrant.entry.mcp.handover import Handover
from evergrant.entry.mcp.icons import server_icon
from evergrant.entry.mcp.ladder import Ladder
from evergrant.entry.mcp.meta import Answer
from evergrant.entry.mcp.named import NamedTools
from evergrant.entry.mcp.paging import page
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.progress import progress_to
from evergrant.entry.mcp.resources import Resources
from evergrant.entry.mcp.result_link import linked
from evergrant.entry.mcp.result_page import GET_RESULT_PAGE
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
An empty result means that the query ran and matched nothing; a truncated one goes on with get_result_page. A failure \
says what to do next; retry only what says that it may be retried."""


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
    surface, resources = _Surface(parts, principal_of), Resources(parts, principal_of)
    server = _Server(
        NAME,
        version=version("evergrant"),
        title="Evergrant",
        instructions=INSTRUCTIONS,
        icons=[server_icon()],
        on_list_tools=surface.list_tools,
        on_list_resources=resources.listed,
        on_list_resource_templates=resources.templates,
        on_read_resource=resources.read,
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
    return server


class _Surface:
    """What the server answers, each answer behind the wall."""

    def __init__(self, parts: Parts, principal_of: Callable[[], Principal]) -> None:
        self._parts = parts
        self._principal_of = principal_of
        self._named = NamedTools(parts)
        self._handover = Handover(parts.catalog, parts.pages, parts.log)
        self._tasks = Tasks(self._handover)
        self._ladder = Ladder(parts, self._tasks, self._handover)
        tools = (
            LIST_ACCOUNTS,
            search_tools(parts),
            DESCRIBE_TOOLS,
            EXECUTE_TOOL,
            GET_RESULT_PAGE,
            RESUME_CALL,
            CONNECT_ACCOUNT,
        )
        self._meta = {tool.wire.name: tool for tool in tools}

    async def list_tools(self, _: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        with Wall(self._parts.log, "tools/list") as wall:
            who = self._who()
            connectors = {account.connector for account in who.accounts()}
            first = [tool.wire for tool in self._meta.values()]
            tools, following = page(first, self._named.listed(who, connectors), params.cursor if params else None)
            return ListToolsResult(tools=tools, next_cursor=following, ttl_ms=FRESH_MS, cache_scope="private")
        raise wall.error()

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> HandlerResult:
        with Wall(self._parts.log, "tools/call") as wall:
            who = replace(self._who(), progress=progress_to(context, self._parts.clock))
            if params.request_state is not None and is_modern(context):
                gone_on = self._ladder.go_on(context, who, params.request_state, params.input_responses)
                return linked(context, await gone_on)
            answer = await self._call(who, params.name, cast("JsonObject", params.arguments or {}))
            if isinstance(answer, ReauthRequired):
                return linked(context, await self._ladder.climb(context, who, answer))
            if isinstance(answer, CallToolResult):
                return answer
            return linked(context, await self._handover.of(who, answer))
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
        raise wall.error()

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
