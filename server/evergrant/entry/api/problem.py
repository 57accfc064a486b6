"""Errors of the HTTP API as problem documents (RFC 9457)."""

from http import HTTPStatus

from starlette.responses import JSONResponse

from evergrant.model.json import JsonObject
from evergrant.model.outcome import Failure
from evergrant.service.tenant_pace import too_many

HEADERS = {"Cache-Control": "no-store"}
SAID = ("code", "what_happened", "what_to_do")
RENAMED = {"status": "provider_status"}


class BadRequest(Exception):
    """The request itself is wrong; the message says what is, the `code` is stable."""

    def __init__(self, what_happened: str, what_to_do: str, code: str = "invalid_request", status: int = 400) -> None:
        super().__init__(what_happened)
        self.code, self.what_happened, self.what_to_do, self.status = code, what_happened, what_to_do, status


def problem(status: int, code: str, what_happened: str, what_to_do: str, **more: object) -> JSONResponse:
    """A problem document; `code` is stable and for programs, the two texts are for people."""
    body = {"type": "about:blank", "status": status, "title": what_happened, "detail": what_to_do, "code": code, **more}
    return JSONResponse(body, status, HEADERS, media_type="application/problem+json")


def of_failure(failure: Failure, status: int) -> JSONResponse:
    """A failure of a call, with all its fields; the provider's own status is `provider_status`."""
    fields: JsonObject = failure.as_json()
    said = {RENAMED.get(name, name): value for name, value in fields.items() if name not in SAID}
    return problem(status, failure.code, failure.what_happened, failure.what_to_do, **said)


def answer(body: JsonObject, status: int = 200) -> JSONResponse:
    """A success."""
    return JSONResponse(body, status, HEADERS)


def too_many_requests(wait_s: float) -> JSONResponse:
    """The tenant has made too many requests (RFC 6585 4)."""
    refused = too_many(wait_s)
    response = of_failure(refused, HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = f"{refused.retry_after_s:.0f}"
    return response


def unavailable(error: Exception) -> JSONResponse:
    """The vault cannot be used now; the error's own words say why."""
    return problem(503, "vault_unavailable", str(error), "Nothing is lost by waiting: try again in a minute.")


def internal_error(reference: str) -> JSONResponse:
    """We failed; `reference` is what the log knows it by."""
    return problem(500, "internal_error", "Evergrant failed at this.", f"The reason is in its log under {reference}.")
