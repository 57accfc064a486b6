"""`/v1/keys`: the API keys that a tenant's operator gives out."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import AwareDatetime, Field, StrictInt
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.paging import Page, Paged, page_of
from evergrant.entry.api.problem import BadRequest, answer, problem
from evergrant.entry.api.query import query_of
from evergrant.model.policy import Policy
from evergrant.model.principal import Principal
from evergrant.service.api_keys import LONGEST_LIFE, SHORTEST_LIFE, CannotMakeKey, KeyDesk, Wish

SECOND = timedelta(seconds=1)


class KeyWanted(Body):
    """What a new key is to be for."""

    name: str
    connected_account_ids: list[str] | None = Field(
        default=None, description="Ids or aliases; left out, it is all, also those to come."
    )
    tools: list[str] = Field(default=[], description="Patterns of tool names, such as `gmail_*`; none are all.")
    toolsets: list[str] = Field(default=[], description="Names of toolsets: its tools are of these only.")
    policy: Policy | None = Field(default=None, description="Left out, it is the server's own.")
    read_only: bool = Field(default=False, description="The same as the policy `read_only`.")
    operator: bool = False
    expires_in_s: StrictInt | None = Field(default=None, ge=SHORTEST_LIFE // SECOND, le=LONGEST_LIFE // SECOND)


class Key(Given):
    """An API key, without what is borne."""

    id: str
    name: str
    connected_account_ids: list[str] | None
    tools: list[str]
    toolsets: list[str]
    policy: Policy | None
    read_only: bool
    operator: bool
    created_at: AwareDatetime
    expires_at: AwareDatetime | None


class KeyMade(Key):
    """A new key."""

    key: str = Field(description="What is borne. It is told this once.")


class KeyList(Page):
    keys: list[Key]


class KeyEnded(Given):
    ended: str


class _Listed(Paged):
    pass


LIST = Operation("List the API keys", KeyList, "keys", query=_Listed)
MAKE = Operation(
    "Make an API key",
    KeyMade,
    "keys",
    status=201,
    takes=KeyWanted,
    example={"name": "summaries", "tools": ["gmail_*"], "read_only": True, "expires_in_s": 86_400},
)
END = Operation("End an API key", KeyEnded, "keys", errors=(404,), detail="It is good for nothing from then on.")


def key_routes(api: Api, desk: KeyDesk) -> Sequence[Described]:
    """List, make, end. What is borne is in the answer to `POST`, and never again."""

    async def listed(request: Request, who: Principal) -> Response:
        found, following = page_of(
            query_of(request, _Listed),
            lambda after, limit: desk.keys.after(who.tenant_id, after, limit),
            lambda key: key.id,
        )
        return answer({"keys": [key.as_json() for key in found], "next_cursor": following})

    async def make(request: Request, who: Principal) -> Response:
        return await made_key(desk, who.tenant_id, await body_of(request, KeyWanted))

    async def end(request: Request, who: Principal) -> Response:
        key_id = request.path_params["key_id"]
        if await desk.keys.remove(who.tenant_id, key_id):
            return answer({"ended": key_id})
        return problem(404, "not_found", "There is no such key.", "List them: GET /v1/keys")

    return [
        api.operator_route("/keys", "GET", listed, LIST),
        api.operator_route("/keys", "POST", make, MAKE),
        api.operator_route("/keys/{key_id}", "DELETE", end, END),
    ]


async def made_key(desk: KeyDesk, tenant_id: str, given: KeyWanted) -> Response:
    """The answer to a request for a key; raises BadRequest."""
    life = timedelta(seconds=given.expires_in_s) if given.expires_in_s is not None else None
    wish = Wish(
        given.name, given.connected_account_ids, given.tools, _policy(given), given.operator, life, given.toolsets
    )
    try:
        key, borne = await desk.make(tenant_id, wish)
    except CannotMakeKey as error:
        raise BadRequest(str(error), "Correct it and send it again.", "cannot_make") from None
    return answer({**key.as_json(), "key": borne.reveal()}, 201)


def _policy(given: KeyWanted) -> Policy | None:
    if given.read_only and given.policy not in (None, "read_only"):
        raise BadRequest("read_only and another policy contradict each other.", "Leave one of them out.")
    return "read_only" if given.read_only else given.policy
