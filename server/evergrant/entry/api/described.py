"""`/v1/openapi.json`: the document of the API, for those who may call it."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.document import document
from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.problem import answer
from evergrant.model.json import JsonObject
from evergrant.service.standing import Standing


class Document(Given):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, JsonValue]
    servers: list[JsonValue]
    tags: list[JsonValue]
    paths: dict[str, JsonValue]
    components: dict[str, JsonValue]


READ = Operation("Read this document", Document, "about")


def documented(api: Api, routes: Sequence[Described]) -> Sequence[Described]:
    """The routes, and one more that tells of them all."""

    @cache
    def made() -> JsonObject:
        return document(told, version("evergrant"))

    async def read(_request: Request, _who: Standing) -> Response:
        return answer(made())

    told = [*routes, api.agent_route("/openapi.json", "GET", read, READ)]
    return told
