"""`/v1/links`: links at which a tenant's people connect or reconnect an account."""

from collections.abc import Sequence

from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response

from evergrant.catalog.catalog import UnknownConnector
from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.problem import BadRequest, answer, problem
from evergrant.model.account import AccountKey
from evergrant.model.json import JsonObject
from evergrant.model.link import Claims, Purpose
from evergrant.model.principal import Principal
from evergrant.service.connect import CannotConnect
from evergrant.service.links import LinkRefused, Links


class LinkWanted(Body):
    """A link for an account that there is, or for a new one of a connector."""

    connected_account_id: str | None = None
    connector: str | None = None
    alias: str | None = None
    values: dict[str, str] = {}
    scopes: tuple[str, ...] = ()


class LinkClaims(Given):
    purpose: Purpose
    connector: str | None
    connected_account_id: str | None
    expires_at: AwareDatetime
    confirmation_code: str | None = Field(
        description="What the page asks its person for; null where your back end confirms who it was."
    )


class LinkMade(LinkClaims):
    url: str = Field(description="Where the person consents.")
    warning: str | None = Field(default=None, description="What stands in the way of a consent that lasts.")


class LinkFound(LinkClaims):
    usable: bool


MAKE = Operation(
    "Make a link at which a person connects or reconnects an account",
    LinkMade,
    "links",
    status=201,
    takes=LinkWanted,
    errors=(404,),
    detail="Name one of the two: `connected_account_id` or `connector`. Nothing is stored.",
    example={"connector": "gmail", "alias": "work"},
)
LOOK = Operation("Look at a link", LinkFound, "links", errors=(404,))


def link_routes(api: Api, links: Links) -> Sequence[Described]:
    """`POST /v1/links` makes one, and stores nothing; `GET /v1/links/{link}` says what one is for, and its code."""

    async def make(request: Request, who: Principal) -> Response:
        wanted = await body_of(request, LinkWanted)
        try:
            claims = _claims(links, who.tenant_id, wanted)
            wish = links.wish(claims)
        except (CannotConnect, UnknownConnector) as error:
            raise BadRequest(str(error), "When that is put right, ask again.", "cannot_connect") from None
        except LinkRefused:
            return _no_account()
        link = links.made(claims)
        made = {"url": link.url, "confirmation_code": link.code, **_as_json(claims)}
        return answer({**made, **({"warning": wish.warning} if wish.warning else {})}, 201)

    async def look(request: Request, who: Principal) -> Response:
        handle = request.path_params["handle"]
        try:
            claims = links.read(handle)
        except LinkRefused:
            return _no_link()
        if claims.tenant_id != who.tenant_id or claims.purpose == "approve":
            return _no_link()
        code = links.seal.code(handle) if links.asks_code else None
        return answer({"confirmation_code": code, "usable": _usable(links, handle), **_as_json(claims)})

    return [api.operator_route("/links", "POST", make, MAKE), api.operator_route("/links/{handle}", "GET", look, LOOK)]


def _claims(links: Links, tenant_id: str, wanted: LinkWanted) -> Claims:
    if (wanted.connected_account_id is None) == (wanted.connector is None):
        raise BadRequest("A link is for one of the two: connected_account_id or connector.", "Name one of them.")
    if wanted.connected_account_id is None:
        return links.to_connect(tenant_id, wanted.connector or "", wanted.alias, wanted.values, scopes=wanted.scopes)
    if wanted.alias is not None or wanted.values:
        raise BadRequest("alias and values are those of a new account.", "Leave them out with connected_account_id.")
    return links.to_reauth(AccountKey(tenant_id, wanted.connected_account_id), wanted.scopes)


def _as_json(claims: Claims) -> JsonObject:
    return {
        "purpose": claims.purpose,
        "connector": claims.connector,
        "connected_account_id": claims.account_id,
        "expires_at": claims.expires_at.isoformat(),
    }


def _usable(links: Links, handle: str) -> bool:
    try:
        links.opened(handle)
    except LinkRefused:
        return False
    return True


def _no_account() -> Response:
    return problem(404, "not_found", "There is no such connected account here.", "Look at the id.")


def _no_link() -> Response:
    return problem(404, "not_found", "There is no such link here.", "Send the last part of the link's address, whole.")
