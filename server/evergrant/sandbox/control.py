"""Control of a running sandbox over HTTP, for whoever sits at the same machine: no authentication."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evergrant.sandbox.behaviour import Behaviour
from evergrant.sandbox.count import Count
from evergrant.sandbox.faults import Fault, Faults, Where
from evergrant.sandbox.refusal import Refusal, invalid

Body = TypeVar("Body", bound=BaseModel)


class _BehaviourChange(BaseModel):
    """Some settings to change, for one client or for all."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    client_id: str | None = None
    behaviour: dict[str, JsonValue]


class _Revocation(BaseModel):
    """Whose grants to end."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    client_id: str | None = None
    user: str | None = None


class _Clearing(BaseModel):
    """Which faults to call off."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    where: Where | None = None


class Control:
    """Counts out; faults, behaviour and revocations in. Bodies are JSON objects."""

    def __init__(
        self,
        count: Count,
        faults: Faults,
        change: Callable[[str | None, dict[str, JsonValue]], dict[str, Behaviour]],
        revoke: Callable[[str | None, str | None], int],
    ) -> None:
        self._count = count
        self._faults = faults
        self._change = change
        self._revoke = revoke

    async def count(self, _request: Request) -> Response:
        return JSONResponse(asdict(self._count))

    async def add_fault(self, request: Request) -> Response:
        fault = await _body(request, Fault)
        self._faults.add(fault)
        return JSONResponse(fault.model_dump(mode="json"), 201)

    async def clear_faults(self, request: Request) -> Response:
        """The place is in the query (`where=token`); without it, all."""
        try:
            where = _Clearing.model_validate(dict(request.query_params)).where
        except ValidationError as error:
            raise invalid(error) from None
        self._faults.clear(where)
        return Response(status_code=204)

    async def change_behaviour(self, request: Request) -> Response:
        change = await _body(request, _BehaviourChange)
        try:
            behaviours = self._change(change.client_id, change.behaviour)
        except ValidationError as error:
            raise invalid(error) from None
        except KeyError:
            raise Refusal("not_found", "There is no such client.", 404) from None
        return JSONResponse({client_id: each.model_dump(mode="json") for client_id, each in behaviours.items()})

    async def revoke(self, request: Request) -> Response:
        whose = await _body(request, _Revocation)
        return JSONResponse({"revoked": self._revoke(whose.client_id, whose.user)})


async def _body(request: Request, model: type[Body]) -> Body:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid(error) from None
