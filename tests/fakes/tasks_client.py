"""The tasks extension (SEP-2663) of a client, which the SDK has not got: it asks after a task until that has ended."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.session import ClientSession
from mcp.types import (
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequests,
    Request,
    RequestParams,
    Result,
)

from evergrant.model.clock import SystemClock

Answer = Callable[[str, str], Awaitable[str]]
"""What a person does at an address that comes with these words; gives the action."""

Fill = Callable[[str], Awaitable[ElicitResult]]
"""What a person does with a form that comes with these words."""


class TaskParams(RequestParams):
    task_id: str
    input_responses: dict[str, Any] | None = None


class TaskRequest(Request[TaskParams, str]):
    """`tasks/get`, `tasks/update` or `tasks/cancel`."""

    method: str
    params: TaskParams
    name_param = "taskId"


class TaskMade(Result):
    """A task in a call's place."""

    result_type: Literal["task"]
    task_id: str
    status: str
    status_message: str
    ttl_ms: int
    poll_interval_ms: int


class TaskSeen(Result):
    """A task as it is shown to who asks after it; all are left out in an acknowledgement."""

    task_id: str = ""
    status: str = ""
    status_message: str | None = None
    ttl_ms: int = 0
    poll_interval_ms: int = 0
    input_requests: InputRequests | None = None
    result: CallToolResult | None = None


async def ask(
    session: ClientSession, method: str, task_id: str, said: Mapping[str, str | ElicitResult] | None = None
) -> TaskSeen:
    """One request about a task; `said` are actions, or whole answers, by the key of the question."""
    responses = {key: _answer(each) for key, each in said.items()} if said else None
    request = TaskRequest(method=f"tasks/{method}", params=TaskParams(task_id=task_id, input_responses=responses))
    return await session.send_request(request, TaskSeen)


def _answer(said: str | ElicitResult) -> dict[str, Any]:
    return {"action": said} if isinstance(said, str) else said.model_dump(mode="json", exclude_none=True)


class TasksExtension(ClientExtension):
    """Puts the questions of a task to `answer`, and forms to `fill`; keeps what it saw."""

    identifier = "io.modelcontextprotocol/tasks"

    def __init__(self, answer: Answer, fill: Fill | None = None) -> None:
        self._answer = answer
        self._fill = fill
        self.made: list[TaskMade] = []
        self.seen: list[TaskSeen] = []

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=TaskMade, resolve=self._resolve)]

    async def _resolve(self, made: TaskMade, context: ClaimContext) -> CallToolResult:
        self.made.append(made)
        while True:
            task = await ask(context.session, "get", made.task_id)
            self.seen.append(task)
            if task.result is not None:
                return task.result
            if task.input_requests is None:
                assert task.status == "working"
                await SystemClock().sleep(task.poll_interval_ms / 1000)
                continue
            said = {key: await self._put(each) for key, each in task.input_requests.items()}
            await ask(context.session, "update", made.task_id, said)

    async def _put(self, question: object) -> str | ElicitResult:
        assert isinstance(question, ElicitRequest)
        if isinstance(question.params, ElicitRequestFormParams) and self._fill:
            return await self._fill(question.params.message)
        assert isinstance(question.params, ElicitRequestURLParams)
        return await self._answer(question.params.url, question.params.message)
