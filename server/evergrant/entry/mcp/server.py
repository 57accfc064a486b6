"""The MCP server: one object that serves clients of the handshake era and of 2026-07-28."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from typing import Any, TypeVar, cast

from mcp.server import NotificationOptions, Server
from mcp.server.context import HandlerResult
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    ResourcesCapability,
    ServerCapabilities,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    Tool,
    ToolsCapability,
)
from typing_extensions import override

from evergrant.entry.mcp import results
from evergrant.entry.mcp.accounts import CONNECT_ACCOUNT, LIST_ACCOUNTS
from evergrant.entry.mcp.client import TASKS, Context, is_modern
from evergrant.entry.mcp.discovery import DESCRIBE_TOOLS, SEARCH_TOOLS
from evergrant.entry.mcp.execution import EXECUTE_TOOL
from evergrant.entry.mcp.handover import Handover
from evergrant.entry.mcp.icons import server_icon
from evergrant.entry.mcp.ladder import Ladder
from evergrant.entry.mcp.listing import Listing
from evergrant.entry.mcp.meta import Answer, MetaTool
from evergrant.entry.mcp.named import NamedTools
from evergrant.entry.mcp.paced import Paced
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import ForPerson
from evergrant.entry.mcp.progress import progress_to
from evergrant.entry.mcp.resources import Resources
from evergrant.entry.mcp.result_link import linked
from evergrant.entry.mcp.result_page import GET_RESULT_PAGE
from evergrant.entry.mcp.resume import RESUME_CALL
from evergrant.entry.mcp.tasks import TaskParams, Tasks, TaskUpdate
from evergrant.entry.mcp.wall import Wall
from evergrant.entry.mcp.wire_lists import WireLists, named_only
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.service.standing import Standing

NAME = "evergrant"
FRESH_MS = 60_000
"""How long a client may keep a list of tools."""

INSTRUCTIONS = """\
Evergrant gives you tools that act as connected accounts: people's standings with services such as a CRM or a \
spreadsheet. Call list_accounts first. Tools named after a service, where you have some, are ready to call; all others \
are found with search_tools, explained by describe_tools and called with execute_tool.
Tokens are renewed for you, so never ask for one. When a call fails with reauth_required, the person must open its \
reauth_url: give them the link and the confirmation_code as they are, say which account it is for, and do not guess or \
make up the data meanwhile; resume_call then goes on with that call. With insufficient_scope it is the step_up_url. \
With confirmation_required a person must approve the call at its approval_url, and resume_call then runs it. \
An empty result means that the query ran and matched nothing; a truncated one goes on with get_result_page. A failure \
says what to do next; retry only what says that it may be retried."""


class _Server(Server[Any]):
    """The SDK would deny that the list of tools changes in the handshake era, and in the other say it of all lists.

    Of resources nothing is published: results are kept as they are, and whoever has a link reads it.
    """

    list_changes: Callable[[], bool]
    """Whether it does for who asks."""

    def get_capabilities(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
        *,
        protocol_version: str | None = None,
    ) -> ServerCapabilities:
        found = super().get_capabilities(
            notification_options, experimental_capabilities, extensions, protocol_version=protocol_version
        )
        told = {
            "tools": ToolsCapability(list_changed=self.list_changes()),
            "resources": ResourcesCapability(subscribe=False, list_changed=False),
        }
        return found.model_copy(update=told)

    @cached_property
    def _stamp(self) -> str:
        return self.server_info.model_dump_json(by_alias=True, exclude_none=True)

    @property
    @override
    def server_info_stamp(self) -> dict[str, Any]:
        """A dict of its own for each result: JSON read anew, for the SDK's deep copy costs a fiftieth of a call."""
        stamp: dict[str, Any] = json.loads(self._stamp)
        return stamp


ParamsT = TypeVar("ParamsT", bound=TaskParams)
TaskHandler = Callable[[Context, Standing, ParamsT], Awaitable[HandlerResult]]


def make_server(parts: Parts, principal_of: Callable[[], Principal]) -> Server[Any]:
    """A server for any number of sessions; `principal_of` says, within a request, who asks."""
    surface, resources = _Surface(parts, principal_of), Resources(parts, principal_of)
    server = _Server(
        NAME,
        version=version("evergrant"),
        title="Evergrant",
        instructions=INSTRUCTIONS,
        icons=[server_icon()],
        on_list_tools=surface.list_tools,
        on_subscriptions_listen=surface.listen,
        on_list_resources=resources.listed,
        on_list_resource_templates=resources.templates,
        on_read_resource=resources.read,
        # Without it the SDK walks the whole list of tools at every call over HTTP.
        get_tool_input_schema=surface.input_schema,
    )
    server.list_changes = surface.list_changes
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
    if parts.pace is not None:
        server.middleware.append(Paced(parts.pace, principal_of, parts.log))
    server.middleware.append(WireLists(surface.tool, parts.log))
    return server


class _Surface:
    """What the server answers, each answer behind the wall."""

    def __init__(self, parts: Parts, principal_of: Callable[[], Principal]) -> None:
        self._parts = parts
        self._principal_of = principal_of
        self._named = NamedTools(parts)
        self._handover = Handover(parts.catalog, parts.pages, parts.log)
        self._tasks = Tasks(parts.clock, self._handover)
        self._ladder = Ladder(parts, self._tasks, self._handover)
        tools = (
            LIST_ACCOUNTS,
            SEARCH_TOOLS,
            DESCRIBE_TOOLS,
            EXECUTE_TOOL,
            GET_RESULT_PAGE,
            RESUME_CALL,
            CONNECT_ACCOUNT,
        )
        self._meta = {tool.wire.name: tool for tool in tools}
        self._listing = Listing(parts, self._named, self._meta_names)

    async def list_tools(self, context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        with Wall(self._parts.log, "tools/list") as wall:
            who = self._who()
            changes = self._listing.changes(who.principal)
            connectors = self._parts.list_changes.connectors(context, who) if changes else ()
            names, following = self._listing.page(who, connectors, params.cursor if params else None)
            tools = named_only(names)
            return ListToolsResult(tools=tools, next_cursor=following, ttl_ms=FRESH_MS, cache_scope="private")
        raise wall.error()

    async def listen(self, context: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        with Wall(self._parts.log, "subscriptions/listen") as wall:
            who = self._who()
            changes = self._listing.changes(who.principal)
            return await self._parts.list_changes.listen(context, who, params, changes=changes)
        raise wall.error()

    def list_changes(self) -> bool:
        return self._listing.changes(self._principal_of())

    def tool(self, name: str) -> Tool | None:
        """The tool of a name, listed or not."""
        return self._meta[name].wire if name in self._meta else self._named.tool(name)

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> HandlerResult:
        with Wall(self._parts.log, "tools/call") as wall:
            who = self._who()
            if params.request_state is not None and is_modern(context):
                gone_on = self._ladder.go_on(context, who, params.request_state, params.input_responses)
                return linked(context, await gone_on)
            # Whoever is remembered, with a call that waits, must not hold the request that it came with.
            told = replace(who, progress=progress_to(context, self._parts.clock))
            answer = await self._call(told, params.name, cast("JsonObject", params.arguments or {}))
            if isinstance(answer, ForPerson):
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
            found = self.tool(name)
            return found.input_schema if found else None
        return None

    async def _task(self, answer: TaskHandler[ParamsT], context: Context, params: ParamsT) -> HandlerResult:
        with Wall(self._parts.log, context.method) as wall:
            return await answer(context, self._who(), params)
        raise wall.error()

    def _meta_names(self, who: Principal) -> Sequence[str]:
        return tuple(name for name in self._meta if self._meta_tool(who, name))

    def _meta_tool(self, who: Principal, name: str) -> MetaTool | None:
        tool = self._meta.get(name)
        return None if tool is CONNECT_ACCOUNT and not who.connects else tool

    def _who(self) -> Standing:
        return self._parts.standing(self._principal_of())

    async def _call(self, who: Standing, name: str, arguments: JsonObject) -> Answer:
        if meta := self._meta_tool(who.principal, name):
            return await meta.call(self._parts, who, arguments)
        return await self._named.call(who, name, arguments)


def _bound(who: Principal) -> str:
    """What a request's state is bound to: another key of the same tenant is another."""
    return f"{who.tenant_id} {who.name}"
