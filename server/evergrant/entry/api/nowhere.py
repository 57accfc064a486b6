"""What is at no address of `/v1`, and methods that an address does not have."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from evergrant.entry.api.operation import Described
from evergrant.entry.api.problem import problem
from evergrant.entry.door import Door
from evergrant.service.token_desk import TOOLS

PATH = "/v1/{rest:path}"


def nowhere(door: Door, routes: Sequence[Described]) -> Route:
    """The route behind all others of `/v1`: 404, or 405 where one of them has the path; for bearers."""
    return Route(PATH, _Nowhere(door, routes))


class _Nowhere:
    def __init__(self, door: Door, routes: Sequence[Described]) -> None:
        self._door, self._routes = door, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        admitted = await self._door.admit(request.headers, TOOLS)
        if isinstance(admitted, Response):
            await admitted(scope, receive, send)
            return
        methods = {name for route in self._routes if _has(route, scope) for name in route.methods or ()}
        await (_no_method(request.method, methods) if methods else _no_path())(scope, receive, send)


def _has(route: Described, scope: Scope) -> bool:
    return route.matches(scope)[0] is not Match.NONE


def _no_path() -> Response:
    return problem(404, "not_found", "There is nothing at this address.", "The addresses are in /v1/openapi.json")


def _no_method(method: str, methods: set[str]) -> Response:
    response = problem(
        405,
        "method_not_allowed",
        f"This address does not answer {method}.",
        f"It answers {', '.join(sorted(methods))}.",
    )
    response.headers["Allow"] = ", ".join(sorted(methods))
    return response
