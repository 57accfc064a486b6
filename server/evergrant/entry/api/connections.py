"""`/v1/connections`: the OAuth clients that a tenant has registered with providers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import AwareDatetime, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from evergrant.catalog.catalog import UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.registration import Redirect
from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.paging import Page, Paged, page_of
from evergrant.entry.api.problem import BadRequest, answer, problem
from evergrant.entry.api.query import query_of
from evergrant.model.account import Connection as Stored
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.model.secret import Secret
from evergrant.service.registry import CannotAdd, Registry
from evergrant.vault.connections import ConnectionInUse

ONE = "/connections/{connection_id}"
RedirectUri = Callable[[str, str, Redirect], str]
"""Where the answers of a tenant's connection to a connector come to."""


class ConnectionWanted(Body):
    connector: str
    client_id: str
    client_secret: SecretStr | None = Field(default=None, description="It is given back by no request.")
    redirect_uri: str | None = Field(default=None, description="Left out, it is this server's own callback.")
    scopes: tuple[str, ...] = Field(default=(), description="Asked for instead of the usual ones.")


class Connection(Given):
    id: str
    connector: str
    client_id: str
    has_secret: bool
    redirect_uri: str = Field(description="Register exactly this at the provider.")
    scopes: list[str]
    fault: str | None = Field(description="The provider's code, where it refuses this client.")
    created_at: AwareDatetime


class ConnectionList(Page):
    connections: list[Connection]


class ConnectionRemoved(Given):
    removed: str


class _Listed(Paged):
    pass


LIST = Operation("List the OAuth clients", ConnectionList, "connections", query=_Listed)
ADD = Operation(
    "Add an OAuth client",
    Connection,
    "connections",
    status=201,
    takes=ConnectionWanted,
    detail="A tenant has one of each connector: another takes the place of the former, which keeps its id and its "
    "accounts. Nobody else's client is ever used in its stead.",
    example={"connector": "hubspot", "client_id": "0f5e", "client_secret": "..."},
)
LOOK = Operation("Look at an OAuth client", Connection, "connections", errors=(404,))
REMOVE = Operation(
    "Remove an OAuth client",
    ConnectionRemoved,
    "connections",
    errors=(404, 409),
    detail="Refused while accounts are connected through it.",
)


def connection_routes(api: Api, registry: Registry, redirect_uri: RedirectUri) -> Sequence[Described]:
    """List, add, look at, remove. A secret is taken and never given."""
    on = _Answers(registry, redirect_uri)
    return [
        api.operator_route("/connections", "GET", on.listed, LIST),
        api.operator_route("/connections", "POST", on.add, ADD),
        api.operator_route(ONE, "GET", on.look, LOOK),
        api.operator_route(ONE, "DELETE", on.remove, REMOVE),
    ]


@dataclass(frozen=True, slots=True)
class _Answers:
    registry: Registry
    redirect_uri: RedirectUri

    async def listed(self, request: Request, who: Principal) -> Response:
        every = sorted(self.registry.connections.all(who.tenant_id), key=lambda one: one.id)

        def after(place: str | None, limit: int) -> Sequence[Stored]:
            return [one for one in every if place is None or one.id > place][:limit]

        found, following = page_of(query_of(request, _Listed), after, lambda one: one.id)
        return answer({"connections": [_as_json(one) for one in found], "next_cursor": following})

    async def add(self, request: Request, who: Principal) -> Response:
        given = await body_of(request, ConnectionWanted)
        try:
            return answer(_as_json(await self._added(who.tenant_id, given)), 201)
        except (CannotAdd, UnknownConnector, DeclarationError) as error:
            raise BadRequest(str(error), "Correct it and send it again.", "cannot_add") from None

    async def _added(self, tenant_id: str, given: ConnectionWanted) -> Stored:
        declared = self.registry.catalog.connector(given.connector)
        secret = given.client_secret
        return await self.registry.add(
            tenant_id,
            given.connector,
            client_id=given.client_id,
            client_secret=Secret(secret.get_secret_value()) if secret else None,
            redirect_uri=given.redirect_uri or self.redirect_uri(tenant_id, given.connector, declared.redirect),
            scopes=given.scopes,
        )

    async def look(self, request: Request, who: Principal) -> Response:
        found = self.registry.connections.by_id(who.tenant_id, request.path_params["connection_id"])
        return answer(_as_json(found)) if found else _none()

    async def remove(self, request: Request, who: Principal) -> Response:
        connections = self.registry.connections
        found = connections.by_id(who.tenant_id, request.path_params["connection_id"])
        try:
            if found is None or not await connections.remove(who.tenant_id, found.connector):
                return _none()
        except ConnectionInUse:
            in_use = "Accounts are connected through this OAuth client."
            return problem(409, "connection_in_use", in_use, "Remove them first: DELETE /v1/accounts/{account}")
        return answer({"removed": found.id})


def _as_json(connection: Stored) -> JsonObject:
    return {
        "id": connection.id,
        "connector": connection.connector,
        "client_id": connection.client_id,
        "has_secret": connection.client_secret is not None,
        "redirect_uri": connection.redirect_uri,
        "scopes": connection.scopes,
        "fault": connection.fault,
        "created_at": connection.created_at.isoformat(),
    }


def _none() -> Response:
    return problem(404, "not_found", "There is no such connection here.", "List them: GET /v1/connections")
