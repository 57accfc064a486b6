"""`/v1/tools`: what an account can be asked to do."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from evergrant.catalog.catalog import UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Effect, Tool
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.problem import answer, of_failure
from evergrant.entry.api.query import NAMES, Query, query_of
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Refused
from evergrant.service.standing import Standing
from evergrant.service.toolsets import narrowed
from evergrant.service.wording import broken_connector
from evergrant.tokens.refusals import unknown_account


class _Of(Query):
    connected_account_id: str = Field(min_length=1, description="Id or alias of a connected account.")
    toolset: str | None = Field(
        default=None,
        description="Only its tools: the connector's name (core), `read` (those that read), one of the operator's own "
        "toolsets, or `all`.",
    )
    names: Annotated[tuple[str, ...], Field(description="Only these tools, with commas."), NAMES] = ()


class ToolTold(Given):
    name: str
    description: str
    effect: Effect
    idempotent: bool
    tier: Literal["core", "extended"]
    scopes: list[str]
    input_schema: dict[str, JsonValue] = Field(description="JSON Schema of `tool_input`.")


class ToolList(Given):
    account: str
    tools: list[ToolTold]


LIST = Operation(
    "List the tools of a connected account, core ones first",
    ToolList,
    "tools",
    query=_Of,
    errors=(404, 502),
    detail="All of them at once: they are what a model is given.",
)


def tool_routes(api: Api) -> Sequence[Described]:
    """`GET /v1/tools?connected_account_id=ID&toolset=NAME&names=A,B`: the account's tools, core ones first; those of a
    toolset, or those named, where that is asked for."""

    async def listed(request: Request, who: Standing) -> Response:
        asked = query_of(request, _Of)
        account = who.account(asked.connected_account_id)
        if account is None:
            return of_failure(unknown_account().failure, 404)
        try:
            found = narrowed(account.connector, who.tools(account.connector), who.toolsets, asked.toolset, asked.names)
        except Refused as refused:
            return of_failure(refused.failure, 404)
        except (UnknownConnector, DeclarationError) as error:
            return of_failure(broken_connector(str(error)), 502)
        # The sort is stable: within a tier the declaration's own order stays.
        ordered = sorted(found.items(), key=lambda each: each[1].tier != "core")
        return answer({"account": account.id, "tools": [_as_json(name, tool) for name, tool in ordered]})

    return [api.agent_route("/tools", "GET", listed, LIST)]


def _as_json(name: str, tool: Tool) -> JsonObject:
    return {
        "name": name,
        "description": tool.description,
        "effect": tool.effect,
        "idempotent": tool.idempotent or tool.effect == "read",
        "tier": tool.tier,
        "scopes": tool.scopes,
        "input_schema": tool.input_schema,
    }
