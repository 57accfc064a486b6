"""The tasks extension (SEP-2663): a call that has to wait is a task that its client asks after.

A task is a held call and has its id, so it outlives this process. What is remembered here are questions that were
answered; a client that is asked again after a restart knows the question by its key.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from mcp.server.context import HandlerResult
from mcp.shared.exceptions import MCPError
from mcp.types import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolResult,
    ElicitResult,
    EmptyResult,
    InputRequests,
    RequestParams,
    Result,
)
from pydantic import BaseModel, ConfigDict

from evergrant.entry.mcp.client import TASKS, Context, takes_tasks
from evergrant.entry.mcp.handover import Handover
from evergrant.entry.mcp.pending import APPROVE, Pending
from evergrant.entry.mcp.questions import Said, by_form, heard, question
from evergrant.model.clock import Clock
from evergrant.model.held_call import HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Outcome
from evergrant.service.standing import Standing

POLL_MS = 500
"""A result is to be with the client within a second of the consent."""
MOST_REMEMBERED = 1000
HIDDEN = ConfigDict(hide_input_in_errors=True)
REQUIRED: JsonObject = {"requiredCapabilities": {"extensions": {TASKS: {}}}}

Status = Literal["working", "input_required", "completed", "cancelled"]


class TaskParams(RequestParams):
    """Of `tasks/get` and `tasks/cancel`."""

    model_config = HIDDEN

    task_id: str


class Answers(BaseModel):
    """What the person said, by the key of the question; answers to others, of whatever form, are passed over."""

    model_config = HIDDEN

    reauth: ElicitResult | None = None
    approve: ElicitResult | None = None


class TaskUpdate(TaskParams):
    """Of `tasks/update`."""

    input_responses: Answers = Answers()


class Task(Result):
    """A task as `tools/call` gives it (`result_type` task) and as `tasks/get` does (complete)."""

    model_config = HIDDEN

    result_type: Literal["task", "complete"]
    task_id: str
    status: Status
    status_message: str | None = None
    created_at: str
    last_updated_at: str
    ttl_ms: int
    poll_interval_ms: int = POLL_MS
    input_requests: InputRequests | None = None
    result: CallToolResult | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question: unanswered at first."""

    pending: Pending
    said: Said | None = None
    shown_at: float | None = None
    """On the monotonic clock; None while the client has not been shown it by this process."""


class Tasks:
    """The tasks of any tenant."""

    def __init__(self, clock: Clock, handover: Handover) -> None:
        self._clock, self._handover = clock, handover
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    def begin(self, pending: Pending) -> Task:
        """The task that a call becomes."""
        call = _call(pending.who, pending.call_id)
        self._remember(_Asked(pending))
        return _task(call, "working", result_type="task", status_message=pending.said)

    async def get(self, context: Context, who: Standing, params: TaskParams) -> HandlerResult:
        """Where the task stands; the call goes on here when its person has done their part."""
        call = _named(context, who, params)
        if call.status == "cancelled" and call.approval != "refused":
            return _task(call, "cancelled")
        known = self._asked.get(call.id)
        if known and known.said in {"no", "nobody"} and call.status == "waiting":
            return _task(call, "completed", result=await _turned_down(known, self._handover))
        found = await self._gone_on(who, call.id)
        if isinstance(found, _Asked):
            return self._waiting(context, call, found)
        return _task(_call(who, call.id), "completed", result=await self._handover.of(who, found))

    async def update(self, context: Context, who: Standing, params: TaskUpdate) -> HandlerResult:
        """Take the person's answer; one to another question, or a second one, changes nothing."""
        call = _named(context, who, params)
        asked = self._asked.get(call.id) or await self._gone_on(who, call.id)
        if isinstance(asked, _Asked) and asked.said is None and (said := self._said(context, asked, params)):
            if asked.pending.key == APPROVE and said in {"yes", "no"}:
                await who.decide(call.id, approved=said == "yes")
            self._remember(replace(asked, said=said))
        return EmptyResult()

    async def cancel(self, context: Context, who: Standing, params: TaskParams) -> HandlerResult:
        """Let the call wait no longer; one that runs comes to its end."""
        call = _named(context, who, params)
        await who.cancel(call.id)
        return EmptyResult()

    async def _gone_on(self, who: Standing, call_id: str) -> "_Asked | Outcome":
        """What a call that can go on comes to; the question where it cannot."""
        asked = self._asked.get(call_id)
        if asked and not await asked.pending.wait(0):
            return asked
        outcome = await who.resume(call_id)
        pending = Pending.of(who, outcome)
        if pending is None:
            return outcome
        same = asked if asked and asked.pending.key == pending.key else _Asked(pending)
        again = replace(same, pending=pending)
        self._remember(again)
        return again

    def _said(self, context: Context, asked: _Asked, params: TaskUpdate) -> Said | None:
        pending, answers = asked.pending, params.input_responses
        result = answers.approve if pending.key == APPROVE else answers.reauth
        if result is None:
            return None
        # How soon a no has come tells only of an approval: what is refused there is over.
        shown_at = asked.shown_at if pending.key == APPROVE else None
        after_s = inf if shown_at is None else self._clock.monotonic() - shown_at
        return heard(result, after_s, form=by_form(context, pending))

    def _waiting(self, context: Context, call: HeldCall, asked: _Asked) -> Task:
        said = asked.pending.said
        if asked.said or call.status != "waiting" or not asked.pending.url:
            return _task(call, "working", status_message=said)
        if asked.shown_at is None:
            self._remember(replace(asked, shown_at=self._clock.monotonic()))
        put: InputRequests = {asked.pending.key: question(context, asked.pending)}
        return _task(call, "input_required", status_message=said, input_requests=put)

    def _remember(self, asked: _Asked) -> None:
        self._asked[asked.pending.call_id] = asked
        self._asked.move_to_end(asked.pending.call_id)
        while len(self._asked) > MOST_REMEMBERED:
            self._asked.popitem(last=False)


def _named(context: Context, who: Standing, params: TaskParams) -> HeldCall:
    if not takes_tasks(context):
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "Missing required client capability", REQUIRED)
    if context.request is not None and context.request.headers.get("mcp-name") != params.task_id:
        raise MCPError(HEADER_MISMATCH, "Header mismatch: Mcp-Name must be the taskId.")
    return _call(who, params.task_id)


def _call(who: Standing, call_id: str) -> HeldCall:
    call = who.call(call_id)
    if call is None or call.status == "expired":
        raise MCPError(INVALID_PARAMS, "Task not found: there is none of this id, or it has expired.")
    return call


async def _turned_down(asked: _Asked, handover: Handover) -> CallToolResult:
    return asked.pending.unfinished() if asked.said == "nobody" else await asked.pending.declined(handover)


def _task(
    call: HeldCall,
    status: Status,
    *,
    result_type: Literal["task", "complete"] = "complete",
    status_message: str | None = None,
    input_requests: InputRequests | None = None,
    result: CallToolResult | None = None,
) -> Task:
    return Task(
        result_type=result_type,
        task_id=call.id,
        status=status,
        status_message=status_message,
        created_at=call.created_at.isoformat(),
        last_updated_at=call.created_at.isoformat(),
        ttl_ms=int((call.expires_at - call.created_at).total_seconds() * 1000),
        input_requests=input_requests,
        result=result,
    )
