"""`/v1/keys`: the API keys that a tenant's operator gives out."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field, StrictInt
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Api, BadRequest
from evergrant.entry.api.problem import answer, problem
from evergrant.service.api_keys import CannotMakeKey, KeyDesk, Wish


class _Make(Body):
    name: str
    connected_account_ids: list[str] | None = None
    """Ids or aliases; left out, it is all, also those to come."""
    tools: list[str] = []
    """Patterns of tool names, such as `gmail_*`."""
    toolsets: list[str] = []
    """Names of toolsets: its tools are of these only."""
    read_only: bool = False
    operator: bool = False
    expires_in_s: StrictInt | None = Field(default=None, ge=60)


def key_routes(api: Api, desk: KeyDesk) -> Sequence[Route]:
    """List, make, end. What is borne is in the answer to `POST`, and never again."""

    async def listed(_request: Request, tenant_id: str) -> Response:
        return answer({"keys": [key.as_json() for key in desk.keys.all(tenant_id)]})

    async def make(request: Request, tenant_id: str) -> Response:
        given = await body_of(request, _Make)
        life = timedelta(seconds=given.expires_in_s) if given.expires_in_s is not None else None
        wish = Wish(
            given.name,
            given.connected_account_ids,
            given.tools,
            given.read_only,
            given.operator,
            life,
            toolsets=given.toolsets,
        )
        try:
            key, borne = await desk.make(tenant_id, wish)
        except CannotMakeKey as error:
            raise BadRequest(str(error), "Correct it and send it again.", "cannot_make") from None
        return answer({**key.as_json(), "key": borne.reveal()}, 201)

    async def end(request: Request, tenant_id: str) -> Response:
        key_id = request.path_params["key_id"]
        if await desk.keys.remove(tenant_id, key_id):
            return answer({"ended": key_id})
        return problem(404, "not_found", "There is no such key.", "List them: GET /v1/keys")

    return [
        api.operator_route("/keys", "GET", listed),
        api.operator_route("/keys", "POST", make),
        api.operator_route("/keys/{key_id}", "DELETE", end),
    ]
