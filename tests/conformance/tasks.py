"""Fixtures that become tasks (SEP-2663), and the three methods that see to them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import anyio
from mcp.server import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolRequestParams,
    CallToolResult,
    ElicitRequest,
    EmptyResult,
    InputRequiredResult,
)
from tests.conformance.fixture import Fixture, Run, answer, fixture, form, text

from evergrant.entry.mcp.client import Context, takes_tasks
from evergrant.entry.mcp.tasks import REQUIRED, TaskParams

LIVES_MS, POLL_MS = 3_600_000, 50
BEGAN = "2026-05-25T00:00:00+00:00"
Status = Literal["working", "input_required", "completed", "failed", "cancelled"]
Work = Callable[["Task"], Awaitable[CallToolResult]]


class Update(TaskParams):
    """Of `tasks/update`."""

    input_responses: dict[str, Any] = {}


@dataclass
class Task:
    """One piece of work, and what it asked for."""

    id: str
    status: Status = "working"
    asked: dict[str, ElicitRequest] = field(default_factory=dict[str, ElicitRequest])
    answered: anyio.Event = field(default_factory=anyio.Event)
    outcome: dict[str, Any] = field(default_factory=dict[str, Any])
    handle: asyncio.Task[None] | None = None

    async def ask(self, *messages: str) -> None:
        """Ask all at once, and return when all are answered."""
        fields = {"confirm": {"type": "boolean"}}
        self.asked = {f"question-{at}": form(message, fields) for at, message in enumerate(messages)}
        self.status = "input_required"
        await self.answered.wait()

    def take(self, responses: Mapping[str, Any]) -> None:
        """What the person said; of what was not asked nothing is taken."""
        for key in responses.keys() & self.asked.keys():
            del self.asked[key]
        if not self.asked and self.status == "input_required":
            self.status = "working"
            self.answered.set()

    def stop(self) -> None:
        """Cancel what has not come to its end."""
        if self.status in ("working", "input_required") and self.handle:
            self.status = "cancelled"
            self.handle.cancel()

    def wire(self, result_type: str) -> dict[str, Any]:
        """What clients read."""
        questions = {key: asked.model_dump(by_alias=True, exclude_none=True) for key, asked in self.asked.items()}
        return {
            "resultType": result_type,
            "taskId": self.id,
            "status": self.status,
            "createdAt": BEGAN,
            "lastUpdatedAt": BEGAN,
            "ttlMs": LIVES_MS,
            "pollIntervalMs": POLL_MS,
            **({"inputRequests": questions} if self.status == "input_required" else {}),
            **self.outcome,
        }


class Tasks:
    """The tasks of the fixtures."""

    def __init__(self) -> None:
        self._known: dict[str, Task] = {}
        self._ids = count(1)

    def begin(self, work: Work) -> dict[str, Any]:
        """The answer of a call that becomes a task."""
        task = Task(f"task-{next(self._ids)}")
        self._known[task.id] = task
        task.handle = asyncio.create_task(_run(task, work))
        return task.wire("task")

    async def get(self, context: Context, params: TaskParams) -> dict[str, Any]:
        return self._find(context, params).wire("complete")

    async def update(self, context: Context, params: Update) -> EmptyResult:
        self._find(context, params).take(params.input_responses)
        return EmptyResult()

    async def cancel(self, context: Context, params: TaskParams) -> EmptyResult:
        self._find(context, params).stop()
        return EmptyResult()

    def _find(self, context: Context, params: TaskParams) -> Task:
        _wanted(context)
        if context.request is not None and context.request.headers.get("mcp-name") != params.task_id:
            raise MCPError(HEADER_MISMATCH, "Header mismatch: Mcp-Name must be the taskId.")
        if params.task_id not in self._known:
            raise MCPError(INVALID_PARAMS, "Task not found.")
        return self._known[params.task_id]


def _wanted(context: Context) -> None:
    if not takes_tasks(context):
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "Missing required client capability", REQUIRED)


async def _run(task: Task, work: Work) -> None:
    try:
        result = await work(task)
        task.outcome = {"result": result.model_dump(by_alias=True, exclude_none=True)}
        task.status = "completed"
    except MCPError as error:
        task.outcome = {"error": {"code": error.code, "message": error.message}}
        task.status = "failed"


def task_fixtures(server: Server[Any]) -> tuple[Fixture, ...]:
    """The tools, with their methods added to `server`."""
    tasks = Tasks()
    server.add_request_handler("tasks/get", TaskParams, tasks.get)
    server.add_request_handler("tasks/update", Update, tasks.update)
    server.add_request_handler("tasks/cancel", TaskParams, tasks.cancel)
    tools = _Tools(tasks)
    return (
        fixture("greet", tools.greet),
        fixture("slow_compute", tools.slow),
        fixture("failing_job", tools.always(_failing)),
        fixture("protocol_error_job", tools.always(_protocol_error)),
        fixture("confirm_delete", tools.always(_confirm)),
        fixture("multi_input", tools.always(_two_questions)),
        fixture("test_tool_with_task", tools.after_a_round),
    )


class _Tools:
    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    async def greet(self, _: Context, params: CallToolRequestParams) -> CallToolResult:
        return text(f"Hello, {(params.arguments or {}).get('name')}!")

    async def slow(self, context: Context, params: CallToolRequestParams) -> CallToolResult | dict[str, Any]:
        seconds = float((params.arguments or {}).get("seconds", 0))

        async def work(_: Task) -> CallToolResult:
            # The suite counts in seconds, and looks for a task that still works.
            await anyio.sleep(seconds)
            return text("Computed.")

        return self._tasks.begin(work) if seconds and takes_tasks(context) else await work(Task("none"))

    def always(self, work: Work) -> Run:
        async def run(context: Context, _: CallToolRequestParams) -> dict[str, Any]:
            _wanted(context)
            return self._tasks.begin(work)

        return run

    async def after_a_round(
        self, context: Context, params: CallToolRequestParams
    ) -> InputRequiredResult | dict[str, Any]:
        _wanted(context)
        name = answer(params.input_responses, "user_name", "name")
        if not name:
            asked = form("What is your name?", {"name": {"type": "string"}})
            return InputRequiredResult(input_requests={"user_name": asked}, request_state="asked")

        async def work(_: Task) -> CallToolResult:
            return text(f"Hello, {name}!")

        return self._tasks.begin(work)


async def _failing(_: Task) -> CallToolResult:
    return text("It failed.", is_error=True)


async def _protocol_error(_: Task) -> CallToolResult:
    raise MCPError(INTERNAL_ERROR, "A protocol error.")


async def _confirm(task: Task) -> CallToolResult:
    await task.ask("Delete it?")
    return text("Deleted.")


async def _two_questions(task: Task) -> CallToolResult:
    await task.ask("The one?", "The other?")
    return text("Both are answered.")
