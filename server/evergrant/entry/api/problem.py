"""Errors of the HTTP API as problem documents (RFC 9457)."""

import json
from http import HTTPStatus
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.responses import JSONResponse, Response

from evergrant.model.json import JsonObject, text_at
from evergrant.model.outcome import Failure
from evergrant.service.tenant_pace import too_many

HEADERS = {"Cache-Control": "no-store"}
SAID = ("code", "what_happened", "what_to_do")
RENAMED = {"status": "provider_status"}


def open_ended(schema: JsonDict) -> None:
    """Leave out that there are no other members."""
    schema.pop("additionalProperties", None)


class Problem(BaseModel):
    """An error (RFC 9457). What a call of a tool came to carries more of the members below."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True, json_schema_extra=open_ended)

    type: Literal["about:blank"]
    status: int
    title: str = Field(description="What happened, in words.")
    detail: str = Field(description="What to do, in words.")
    code: str = Field(description="Stable, and for programs.")
    retryable: bool | None = Field(
        default=None,
        description="Whether the same request may simply be made again, with no harm if the first was carried out.",
    )
    account: str | None = Field(default=None, description="The connected account that it is about.")
    connector: str | None = None
    provider_status: int | None = None
    provider_code: str | None = None
    provider_message: str | None = None
    retry_after_s: float | None = Field(default=None, description="Seconds to wait, where that is known.")
    pointer: str | None = Field(default=None, description="The place in the tool's input that does not fit.")
    missing: list[str] | None = Field(default=None, description="Scopes that the grant lacks.")
    cause: str | None = None
    reauth_url: str | None = Field(default=None, description="Where the account's person reconnects it.")
    step_up_url: str | None = Field(default=None, description="Where the account's person adds scopes.")
    approval_url: str | None = Field(default=None, description="Where a person approves the call.")
    confirmation_code: str | None = Field(default=None, description="What the page asks its person for.")
    call_id: str | None = Field(default=None, description="Of the call that is kept.")


class BadRequest(Exception):
    """The request itself is wrong; the message says what is, the `code` is stable."""

    def __init__(self, what_happened: str, what_to_do: str, code: str = "invalid_request", status: int = 400) -> None:
        super().__init__(what_happened)
        self.code, self.what_happened, self.what_to_do, self.status = code, what_happened, what_to_do, status


def problem(status: int, code: str, what_happened: str, what_to_do: str, **more: object) -> JSONResponse:
    """A problem document; `code` is stable and for programs, the two texts are for people."""
    body = {"type": "about:blank", "status": status, "title": what_happened, "detail": what_to_do, "code": code, **more}
    return JSONResponse(body, status, HEADERS, media_type="application/problem+json")


def code_of(response: Response) -> str | None:
    """The `code` of a problem document of ours."""
    return text_at(cast("JsonObject", json.loads(bytes(response.body))), "/code")


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
