"""`/v1/connectors`: the services that accounts can be connected to, and what connecting each takes."""

from collections.abc import Sequence

import anyio.to_thread
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from evergrant.catalog.account_source import FromUser
from evergrant.catalog.catalog import UnknownConnector
from evergrant.catalog.connector import Connector as Declared
from evergrant.catalog.declaration import DeclarationError
from evergrant.entry.api.connections import RedirectUri
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.paging import Page, Paged, page_of
from evergrant.entry.api.problem import answer, of_failure, problem
from evergrant.entry.api.query import query_of
from evergrant.model.json import JsonObject
from evergrant.service.connect import Connect
from evergrant.service.guide import Takes, guide, takes
from evergrant.service.standing import Standing
from evergrant.service.wording import broken_connector
from evergrant.vault.connections import Connections


class Connector(Given):
    name: str
    title: str
    description: str | None
    takes: Takes = Field(description="What must be had before an account can be connected.")
    has_client: bool = Field(description="Whether the tenant has an OAuth client for it.")
    tools: int | None = Field(description="How many the caller may call; null where its files cannot be read.")


class ConnectorList(Page):
    connectors: list[Connector]


class ValueAsked(Given):
    name: str
    title: str
    optional: bool


class RegistrationStep(Given):
    do: str
    link: str | None


class ConnectorDetails(Connector):
    asks: list[ValueAsked] = Field(description="What a link to connect needs as its `values`.")
    redirect_uri: str | None = Field(description="What an OAuth client of the tenant's is registered with.")
    steps: list[RegistrationStep] = Field(description="How an OAuth client is registered.")
    warning: str | None


class _Listed(Paged):
    pass


LIST = Operation("List the services, by name", ConnectorList, "connectors", query=_Listed)
LOOK = Operation("Look at a service", ConnectorDetails, "connectors", errors=(404, 502))


def connector_routes(api: Api, connect: Connect, redirect_uri: RedirectUri) -> Sequence[Described]:
    """List, and look at one."""

    async def listed(request: Request, who: Standing) -> Response:
        every, mine = who.catalog.connectors(), _clients(connect.connections, who)

        def after(place: str | None, limit: int) -> Sequence[str]:
            return [name for name in every if place is None or name > place][:limit]

        names, following = page_of(query_of(request, _Listed), after, lambda name: name)
        # Counting its tools reads a connector's files, where nobody has used it yet.
        found = await anyio.to_thread.run_sync(
            lambda: [_as_json(who, name, every[name], has_client=name in mine) for name in names]
        )
        return answer({"connectors": found, "next_cursor": following})

    async def look(request: Request, who: Standing) -> Response:
        name = request.path_params["name"]
        try:
            declared = who.catalog.connector(name)
            scopes = connect.usual_scopes(name, {})
        except UnknownConnector:
            return problem(404, "not_found", "There is no such connector.", "List them: GET /v1/connectors")
        except DeclarationError as error:
            return of_failure(broken_connector(str(error)), 502)
        told = _as_json(who, name, declared, has_client=name in _clients(connect.connections, who))
        own = redirect_uri(who.tenant_id, name, declared.redirect)
        return answer({**told, **_registering(declared, own, scopes)})

    return [
        api.agent_route("/connectors", "GET", listed, LIST),
        api.agent_route("/connectors/{name}", "GET", look, LOOK),
    ]


def _clients(connections: Connections, who: Standing) -> frozenset[str]:
    return frozenset(each.connector for each in connections.all(who.tenant_id))


def _as_json(who: Standing, name: str, declared: Declared, *, has_client: bool) -> JsonObject:
    return {
        "name": name,
        "title": declared.name,
        "description": declared.description,
        "takes": takes(declared),
        "has_client": has_client and takes(declared) == "oauth_client",
        "tools": _tools(who, name),
    }


def _tools(who: Standing, name: str) -> int | None:
    try:
        return len(who.tools(name))
    except DeclarationError:
        return None


def _registering(declared: Declared, redirect_uri: str, scopes: tuple[str, ...]) -> JsonObject:
    values = {name: value for name, value in declared.account.items() if isinstance(value, FromUser)}
    asks: list[JsonObject] = [
        {"name": name, "title": each.title, "optional": each.optional} for name, each in values.items()
    ]
    if takes(declared) != "oauth_client":
        return {"asks": asks, "redirect_uri": None, "steps": [], "warning": None}
    found = guide(declared, redirect_uri, scopes)
    steps: list[JsonObject] = [{"do": do, "link": link} for do, link in found.steps]
    return {"asks": asks, "redirect_uri": redirect_uri, "steps": steps, "warning": found.warning}
