"""`/v1/calls/{id}/approve` and `/deny`: an operator decides about a call that must be approved."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.calls import Call
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Operation
from evergrant.entry.api.problem import answer, of_failure
from evergrant.model.principal import Principal
from evergrant.service.approval_words import not_undecided
from evergrant.service.held import HeldCalls
from evergrant.service.held_words import no_such_call

APPROVE = Operation(
    "Approve a call that waits for it",
    Call,
    "calls",
    errors=(404, 409),
    detail="It may then run once, with the arguments that were kept. A write waits for somebody to resume it.",
    repeatable=True,
)
DENY = Operation("Refuse a call that waits for approval", Call, "calls", errors=(404, 409), repeatable=True)


def approval_routes(api: Api, calls: HeldCalls) -> Sequence[Described]:
    """`POST` to either; the answer is the call as it stands. An approved write still waits for somebody to resume it.

    409 where the call does not wait for an approval.
    """

    async def approve(request: Request, who: Principal) -> Response:
        call_id = str(request.path_params["call_id"])
        done = await calls.approvals.approve(who.tenant_id, call_id, _by(who))
        return _answer(calls, who.tenant_id, call_id, done=done)

    async def deny(request: Request, who: Principal) -> Response:
        call_id = str(request.path_params["call_id"])
        done = await calls.approvals.refuse(who.tenant_id, call_id, _by(who))
        return _answer(calls, who.tenant_id, call_id, done=done)

    return [
        api.operator_route("/calls/{call_id}/approve", "POST", approve, APPROVE),
        api.operator_route("/calls/{call_id}/deny", "POST", deny, DENY),
    ]


def _by(who: Principal) -> str:
    """What is kept of whoever decides; nobody who decides elsewhere is called so."""
    return f"{who.name}, over HTTP"


def _answer(calls: HeldCalls, tenant_id: str, call_id: str, *, done: bool) -> Response:
    found = calls.get(tenant_id, call_id)
    if found is None:
        return of_failure(no_such_call(), HTTPStatus.NOT_FOUND)
    return answer(found.as_json()) if done else of_failure(not_undecided(found), HTTPStatus.CONFLICT)
