"""`/v1/execute` and `/v1/calls`: calling tools, and the calls that wait for a person."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from pydantic import Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Api
from evergrant.entry.api.problem import answer, of_failure
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


class _Execute(Body):
    connected_account_id: str
    """Id or alias."""
    tool_name: str
    tool_input: dict[str, JsonValue] = {}


class _Resume(Body):
    wait: float = Field(default=0, ge=0, le=LONGEST_WAIT_S, allow_inf_nan=False)
    """Seconds to wait for the reconnect where it has not come yet."""


async def _executed(request: Request, who: Standing) -> Response:
    given = await body_of(request, _Execute, LARGEST_INPUT)
    return _of(await who.execute(given.connected_account_id, given.tool_name, given.tool_input))


async def _listed(request: Request, who: Standing) -> Response:
    name, ended = request.query_params.get("account"), request.query_params.get("all") in ("true", "1")
    account = who.account(name) if name else None
    if name and account is None:
        return _of(unknown_account().failure)
    found = who.calls(account.id if account else None, ended=ended)
    return answer({"calls": [call.as_json() for call in found]})


async def _one(request: Request, who: Standing) -> Response:
    found = who.call(_id(request))
    return answer(found.as_json()) if found else _of(no_such_call())


async def _resumed(request: Request, who: Standing) -> Response:
    given = await body_of(request, _Resume)
    if given.wait and who.call(_id(request)):
        await who.wait(_id(request), given.wait)
    return _of(await who.resume(_id(request)))


async def _cancelled(request: Request, who: Standing) -> Response:
    if await who.cancel(_id(request)):
        return answer({"id": _id(request), "status": "cancelled"})
    found = who.call(_id(request))
    return _of(not_waiting(found), HTTPStatus.CONFLICT) if found else _of(no_such_call())


def call_routes(api: Api) -> Sequence[Route]:
    """`POST /v1/execute`; `GET /v1/calls?account=&all=`; `GET` and `DELETE /v1/calls/{id}`; `POST .../resume`."""
    return [
        api.agent_route("/execute", "POST", _executed),
        api.agent_route("/calls", "GET", _listed),
        api.agent_route("/calls/{call_id}", "GET", _one),
        api.agent_route("/calls/{call_id}", "DELETE", _cancelled),
        api.agent_route("/calls/{call_id}/resume", "POST", _resumed),
    ]


def _id(request: Request) -> str:
    return str(request.path_params["call_id"])


def _of(outcome: Outcome, status: HTTPStatus | None = None) -> Response:
    if not isinstance(outcome, Failure):
        return answer(outcome.as_json())
    return of_failure(outcome, status or STATUS.get(outcome.code, HTTPStatus.BAD_GATEWAY))
