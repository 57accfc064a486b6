"""A request turned down, as the endpoints raise it and as it goes over the wire."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Refusal(Exception):
    """An error code of RFC 6749 section 5.2, RFC 6750 section 3.1 or of the CRM, with its HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400, headers: Mapping[str, str] | None = None):
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status
        self.headers = {**NO_STORE, **(headers or {})}

    def response(self) -> Response:
        """`{"error", "error_description"}` as JSON."""
        body = {"error": self.error, "error_description": self.description}
        return JSONResponse(body, self.status, self.headers)


def invalid(error: ValidationError) -> Refusal:
    """A malformed body as a refusal; it names the place and never repeats the value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return Refusal("invalid_request", f"{place}: {first['msg']}")


def refusing(endpoint: Endpoint) -> Endpoint:
    """The same endpoint, with its refusals turned into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refusal as refusal:
            return refusal.response()

    return answer
