"""`/v1/tools`: what an account can be asked to do."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.catalog.catalog import UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Tool
from evergrant.entry.api.guard import Api, BadRequest
from evergrant.entry.api.problem import answer, of_failure
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Refused
from evergrant.service.standing import Standing
from evergrant.service.toolsets import narrowed
from evergrant.service.wording import broken_connector
from evergrant.tokens.refusals import unknown_account


def tool_routes(api: Api) -> Sequence[Route]:
    """`GET /v1/tools?connected_account_id=ID&toolset=NAME&names=A,B`: the account's tools, core ones first; those of a
    toolset, or those named, where that is asked for."""

    async def listed(request: Request, who: Standing) -> Response:
        named = request.query_params.get("connected_account_id", "")
        if not named:
            raise BadRequest("connected_account_id is missing.", "Give the id or the alias of a connected account.")
        account = who.account(named)
        if account is None:
            return of_failure(unknown_account().failure, 404)
        toolset, names = request.query_params.get("toolset"), request.query_params.get("names", "")
        try:
            tools = who.tools(account.connector)
            found = narrowed(account.connector, tools, toolset, [name for name in names.split(",") if name])
        except Refused as refused:
            return of_failure(refused.failure, 404)
        except (UnknownConnector, DeclarationError) as error:
            return of_failure(broken_connector(str(error)), 502)
        # The sort is stable: within a tier the declaration's own order stays.
        ordered = sorted(found.items(), key=lambda each: each[1].tier != "core")
        return answer({"account": account.id, "tools": [_as_json(name, tool) for name, tool in ordered]})

    return [api.agent_route("/tools", "GET", listed)]


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
