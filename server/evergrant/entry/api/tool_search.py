"""`/v1/tools/search` and `/v1/tools/{name}`: tools of every connector, connected or not."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from evergrant.catalog.catalog import UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.search import Hit, summary
from evergrant.catalog.tool import Effect
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.problem import BadRequest, answer, of_failure
from evergrant.entry.api.query import DIGITS, Query, query_of
from evergrant.model.json import JsonObject
from evergrant.service.standing import Standing
from evergrant.service.tool_search import ToolSearch
from evergrant.service.wording import broken_connector, no_such_tool
from evergrant.vault.account_lists import AccountLists, Wanted

MOST_FOUND = 50
MOST_ACCOUNTS = 10


class _Search(Query):
    query: str = Field(min_length=1, max_length=500, description="A few words of what is to be done.")
    connector: str | None = Field(default=None, description="Only tools of this service.")
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND), DIGITS] = 10


class ToolAccount(Given):
    id: str
    alias: str


class ToolFound(Given):
    name: str
    connector: str
    description: str = Field(description="Its first sentence.")
    effect: Effect
    tier: Literal["core", "extended"]
    accounts: list[ToolAccount] = Field(description=f"The first {MOST_ACCOUNTS} connected accounts that have it.")


class ToolsFound(Given):
    tools: list[ToolFound]


class ToolDetails(ToolFound):
    description: str
    idempotent: bool
    scopes: list[str]
    input_schema: dict[str, JsonValue] = Field(description="JSON Schema of `tool_input`.")
    example: dict[str, JsonValue] | None


SEARCH = Operation("Find tools by words, the best first", ToolsFound, "tools", query=_Search)
LOOK = Operation("Look at a tool", ToolDetails, "tools", errors=(404, 502))


def tool_search_routes(api: Api, tools: ToolSearch, accounts: AccountLists) -> Sequence[Described]:
    """Search, and look at one. What a key may not call, it does not find."""

    def having(who: Standing, connector: str) -> JsonObject:
        wanted = Wanted(connector=connector, ids=who.principal.accounts)
        found: list[JsonObject] = [
            {"id": each.id, "alias": each.alias} for each in accounts.page(who.tenant_id, wanted, limit=MOST_ACCOUNTS)
        ]
        return {"accounts": found}

    async def find(request: Request, who: Standing) -> Response:
        query = query_of(request, _Search)
        within = {query.connector} if query.connector else set(who.catalog.connectors())
        if unknown := within - who.catalog.connectors().keys():
            problem = f"There is no connector {unknown.pop()!r}, or its files cannot be read."
            raise BadRequest(problem, "List them: GET /v1/connectors", "unknown_connector")
        hits = await tools.find(query.query, query.limit, within, who.may_call)
        connected = {name: having(who, name) for name in {hit.connector for hit in hits}}
        shown: list[JsonObject] = [{**_found(hit), **connected[hit.connector]} for hit in hits]
        return answer({"tools": shown})

    async def look(request: Request, who: Standing) -> Response:
        name = request.path_params["name"]
        try:
            connector, tool = who.catalog.tool(name)
        except UnknownTool:
            return of_failure(no_such_tool(name), 404)
        except DeclarationError as error:
            return of_failure(broken_connector(str(error)), 502)
        if not who.may_call(name, tool):
            return of_failure(no_such_tool(name), 404)
        told: JsonObject = {
            "description": tool.description,
            "idempotent": tool.idempotent or tool.effect == "read",
            "scopes": tool.scopes,
            "input_schema": tool.input_schema,
            "example": tool.example,
        }
        return answer({**_found(Hit(connector, name, tool, 0.0)), **told, **having(who, connector)})

    return [
        api.agent_route("/tools/search", "GET", find, SEARCH),
        api.agent_route("/tools/{name}", "GET", look, LOOK),
    ]


def _found(hit: Hit) -> JsonObject:
    tool = hit.tool
    return {
        "name": hit.name,
        "connector": hit.connector,
        "description": summary(tool),
        "effect": tool.effect,
        "tier": tool.tier,
    }
