"""`/v1/execute` and `/v1/calls`: calling tools, and the calls that wait for a person."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Api
from evergrant.entry.api.idempotency_key import provider_key
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.paging import Page, Paged, page_of
from evergrant.entry.api.problem import answer, of_failure
from evergrant.entry.api.query import FLAG, query_of
from evergrant.model.held_call import Approval, CallEffect, CallStatus
from evergrant.model.outcome import Failure, Outcome
from evergrant.service.held_words import no_such_call, not_waiting
from evergrant.service.standing import Standing
from evergrant.tokens.refusals import unknown_account

LONGEST_WAIT_S = 45
LARGEST_INPUT = 4 << 20
"""Bytes, as over MCP."""
STATUS: Mapping[str, HTTPStatus] = {
    "invalid_input": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_found": HTTPStatus.NOT_FOUND,
    "reauth_required": HTTPStatus.CONFLICT,
    "confirmation_required": HTTPStatus.CONFLICT,
    "insufficient_scope": HTTPStatus.FORBIDDEN,
    "permission_denied": HTTPStatus.FORBIDDEN,
    "not_allowed": HTTPStatus.FORBIDDEN,
    "account_paused": HTTPStatus.CONFLICT,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "outcome_unknown": HTTPStatus.CONFLICT,
    "still_running": HTTPStatus.CONFLICT,
    "call_cancelled": HTTPStatus.GONE,
    "call_expired": HTTPStatus.GONE,
    "vault_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""By the failure's code; all others are the provider's doing."""


class CallWanted(Body):
    largest: ClassVar[int] = LARGEST_INPUT

    connected_account_id: str = Field(description="Id or alias.")
    tool_name: str
    tool_input: dict[str, JsonValue] = {}


class ResumeWanted(Body):
    wait: float = Field(
        default=0,
        ge=0,
        le=LONGEST_WAIT_S,
        allow_inf_nan=False,
        description="Seconds to wait for the reconnect where it has not come yet.",
    )


class _Listed(Paged):
    account: Annotated[str | None, Field(min_length=1, description="Id or alias: its calls only.")] = None
    all: Annotated[bool, Field(description="Those that have ended too."), FLAG] = False


class CallResult(Given):
    account: str
    label: str = Field(alias="as", description="Whose account it is.")
    data: JsonValue
    note: str | None = Field(default=None, description="Says so in words where there is no data.")


class CallFailure(Given):
    """What a call came to that did not succeed; as in a problem, with `what_happened` and `what_to_do` in words."""

    model_config = ConfigDict(extra="allow")

    code: str
    retryable: bool
    what_happened: str
    what_to_do: str


class Call(Given):
    """A call that waits, or waited, for a person."""

    id: str
    connected_account_id: str
    tool_name: str
    effect: CallEffect
    status: CallStatus
    approval: Approval = Field(description="Whether a person must approve it, and what they decided.")
    decided_by: str | None = Field(
        description="Who decided, and where. Over HTTP that is the bearer: a key's id, a token's subject, or `local`."
    )
    decided_at: AwareDatetime | None
    asked_by: str | None
    created_at: AwareDatetime
    expires_at: AwareDatetime
    tool_input: dict[str, JsonValue] | None = Field(default=None, description="Of one that has not ended.")
    outcome: CallResult | CallFailure | None = Field(default=None, description="Of one that has ended.")


class CallList(Page):
    calls: list[Call]


class CallCancelled(Given):
    id: str
    status: Literal["cancelled"]


OF_CALLS = (403, 404, 409, 410, 422, 502)
EXECUTE = Operation(
    "Call a tool as a connected account",
    CallResult,
    "calls",
    takes=CallWanted,
    errors=OF_CALLS,
    detail="409 `reauth_required` carries the link for its person and, where the call was kept, its `call_id`; 409 "
    "`confirmation_required` the link at which a person approves the call. Of a tool that only reads no answer is kept "
    "under an Idempotency-Key: a request that comes again reads again.",
    example={"connected_account_id": "work", "tool_name": "gmail_search_messages", "tool_input": {"query": "from:ada"}},
)
LIST = Operation("List the calls that wait for a person, newest first", CallList, "calls", query=_Listed, errors=(404,))
LOOK = Operation("Look at a kept call", Call, "calls", errors=(404,))
CANCEL = Operation("Cancel a call that waits", CallCancelled, "calls", errors=(404, 409))
RESUME = Operation(
    "Go on with a kept call",
    CallResult,
    "calls",
    takes=ResumeWanted,
    errors=OF_CALLS,
    detail="It is made once; of several requests each gets what it came to.",
    repeatable=True,
)


async def _reads(request: Request, who: Standing) -> bool:
    """Agents read all day: each would be a write to the vault, for an answer that nobody asks for again."""
    return who.only_reads((await body_of(request, CallWanted)).tool_name)


async def _executed(request: Request, who: Standing) -> Response:
    given = await body_of(request, CallWanted)
    key = provider_key(request)
    return _of(await who.execute(given.connected_account_id, given.tool_name, given.tool_input, idempotency_key=key))


async def _listed(request: Request, who: Standing) -> Response:
    asked = query_of(request, _Listed)
    account = who.account(asked.account) if asked.account else None
    if asked.account and account is None:
        return _of(unknown_account().failure)
    found, following = page_of(
        asked,
        lambda before, limit: who.calls_before(
            before, limit, account_id=account.id if account else None, ended=asked.all
        ),
        lambda call: call.id,
    )
    return answer({"calls": [call.as_json() for call in found], "next_cursor": following})


async def _one(request: Request, who: Standing) -> Response:
    found = who.call(_id(request))
    return answer(found.as_json()) if found else _of(no_such_call())


async def _resumed(request: Request, who: Standing) -> Response:
    given = await body_of(request, ResumeWanted)
    if given.wait and who.call(_id(request)):
        await who.wait(_id(request), given.wait)
    return _of(await who.resume(_id(request)))


async def _cancelled(request: Request, who: Standing) -> Response:
    if await who.cancel(_id(request)):
        return answer({"id": _id(request), "status": "cancelled"})
    found = who.call(_id(request))
    return _of(not_waiting(found), HTTPStatus.CONFLICT) if found else _of(no_such_call())


def call_routes(api: Api) -> Sequence[Described]:
    """`POST /v1/execute`; `GET /v1/calls?account=&all=`; `GET` and `DELETE /v1/calls/{id}`; `POST .../resume`."""
    return [
        api.agent_route("/execute", "POST", _executed, EXECUTE, _reads),
        api.agent_route("/calls", "GET", _listed, LIST),
        api.agent_route("/calls/{call_id}", "GET", _one, LOOK),
        api.agent_route("/calls/{call_id}", "DELETE", _cancelled, CANCEL),
        api.agent_route("/calls/{call_id}/resume", "POST", _resumed, RESUME),
    ]


def _id(request: Request) -> str:
    return str(request.path_params["call_id"])


def _of(outcome: Outcome, status: HTTPStatus | None = None) -> Response:
    if not isinstance(outcome, Failure):
        return answer(outcome.as_json())
    return of_failure(outcome, status or STATUS.get(outcome.code, HTTPStatus.BAD_GATEWAY))
