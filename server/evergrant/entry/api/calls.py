"""`/v1/execute` and `/v1/calls`: calling tools, and the calls that wait for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Api
from evergrant.entry.api.problem import answer, of_failure
from evergrant.model.outcome import Failure, Outcome
from evergrant.service.held import HeldCalls
from evergrant.service.held_words import no_such_call, not_waiting
from evergrant.tokens.refusals import unknown_account
from evergrant.vault.accounts import Accounts

LONGEST_WAIT_S = 45
LARGEST_INPUT = 4 << 20
"""Bytes, as over MCP."""
ASKED_BY = "HTTP API"
STATUS: Mapping[str, HTTPStatus] = {
    "invalid_input": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_found": HTTPStatus.NOT_FOUND,
    "reauth_required": HTTPStatus.CONFLICT,
    "insufficient_scope": HTTPStatus.FORBIDDEN,
    "permission_denied": HTTPStatus.FORBIDDEN,
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


@dataclass(frozen=True, slots=True)
class _Calls:
    accounts: Accounts
    held: HeldCalls

    async def execute(self, request: Request, tenant_id: str) -> Response:
        given = await body_of(request, _Execute, LARGEST_INPUT)
        account = self.accounts.named(tenant_id, given.connected_account_id)
        if account is None:
            return _of(unknown_account().failure)
        return _of(await self.held.execute(account.key, given.tool_name, given.tool_input, asked_by=ASKED_BY))

    async def listed(self, request: Request, tenant_id: str) -> Response:
        name, ended = request.query_params.get("account"), request.query_params.get("all") in ("true", "1")
        account = self.accounts.named(tenant_id, name) if name else None
        if name and account is None:
            return _of(unknown_account().failure)
        found = self.held.listed(tenant_id, account.id if account else None, ended=ended)
        return answer({"calls": [call.as_json() for call in found]})

    async def one(self, request: Request, tenant_id: str) -> Response:
        found = self.held.get(tenant_id, _id(request))
        return answer(found.as_json()) if found else _of(no_such_call())

    async def resume(self, request: Request, tenant_id: str) -> Response:
        given = await body_of(request, _Resume)
        if given.wait:
            await self.held.wait(tenant_id, _id(request), given.wait)
        return _of(await self.held.resume(tenant_id, _id(request)))

    async def cancel(self, request: Request, tenant_id: str) -> Response:
        if await self.held.cancel(tenant_id, _id(request)):
            return answer({"id": _id(request), "status": "cancelled"})
        found = self.held.get(tenant_id, _id(request))
        return _of(not_waiting(found), HTTPStatus.CONFLICT) if found else _of(no_such_call())


def call_routes(api: Api, accounts: Accounts, held: HeldCalls) -> Sequence[Route]:
    """`POST /v1/execute`; `GET /v1/calls?account=&all=`; `GET` and `DELETE /v1/calls/{id}`; `POST .../resume`."""
    calls = _Calls(accounts, held)
    return [
        api.route("/execute", "POST", calls.execute),
        api.route("/calls", "GET", calls.listed),
        api.route("/calls/{call_id}", "GET", calls.one),
        api.route("/calls/{call_id}", "DELETE", calls.cancel),
        api.route("/calls/{call_id}/resume", "POST", calls.resume),
    ]


def _id(request: Request) -> str:
    return str(request.path_params["call_id"])


def _of(outcome: Outcome, status: HTTPStatus | None = None) -> Response:
    if not isinstance(outcome, Failure):
        return answer(outcome.as_json())
    return of_failure(outcome, status or STATUS.get(outcome.code, HTTPStatus.BAD_GATEWAY))
