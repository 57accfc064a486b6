"""How a provider says no: error rules as data, and the one function that reads them.

Six classes: `terminal` (this grant is dead), `config` (the connection is wrong, not the account), `permission`
(the grant lives but may not do this), `refresh` (the access token is bad), `ratelimit`, `transient`.
A rule matches the HTTP status, the value at a JSON pointer, or a header; never a part of a text.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from evergrant.catalog.declaration import Declaration, Pointer
from evergrant.model.json import Json, at, text_at

ErrorClass = Literal["terminal", "config", "permission", "refresh", "ratelimit", "transient"]


class ErrorRule(Declaration):
    """One line of a provider's error table; every condition that is given must hold."""

    class_: ErrorClass = Field(alias="class")
    status: int | tuple[int, ...] = ()
    code: tuple[str, ...] = ()
    at: dict[Pointer, tuple[JsonValue, ...]] = {}
    header: dict[str, tuple[str, ...]] = {}
    has_header: tuple[str, ...] = ()

    @property
    def statuses(self) -> tuple[int, ...]:
        """The HTTP statuses of which the answer must have one; none means any."""
        return (self.status,) if isinstance(self.status, int) else self.status

    def matches(self, status: int, headers: Mapping[str, str], body: Json, codes: frozenset[str]) -> bool:
        return (
            (not self.statuses or status in self.statuses)
            and (not self.code or not codes.isdisjoint(self.code))
            and all(at(body, pointer) in values for pointer, values in self.at.items())
            and all(headers.get(name) in values for name, values in self.header.items())
            and all(name in headers for name in self.has_header)
        )


class ErrorTable(Declaration):
    """Where a provider puts its error code and message, what marks a failure, and what the codes mean."""

    failed_when: dict[Pointer, JsonValue] = {}
    code: tuple[Pointer, ...] = ()
    message: tuple[Pointer, ...] = ()
    rules: tuple[ErrorRule, ...] = ()
    insufficient_scope: tuple[str, ...] = ()
    """The codes of class `permission` that speak of a scope which the person can still grant."""

    def failed(self, status: int, body: Json) -> bool:
        """Whether the answer is a failure, also where the status says 200 (Slack, Zoho, GitHub)."""
        return status >= 400 or any(at(body, pointer) == value for pointer, value in self.failed_when.items())

    def code_of(self, body: Json) -> str | None:
        """The provider's own code, from the first pointer that has one."""
        return next((found for pointer in self.code if (found := text_at(body, pointer))), None)

    def message_of(self, body: Json) -> str | None:
        """The provider's own words, from the first pointer that has some."""
        return next((found for pointer in self.message if (found := text_at(body, pointer))), None)

    def classify(self, status: int, headers: Mapping[str, str], body: Json) -> ErrorClass | None:
        """The class of the first rule that matches; None where the table is silent."""
        codes = self._codes(body)
        return next((rule.class_ for rule in self.rules if rule.matches(status, headers, body, codes)), None)

    def lacks_scope(self, body: Json) -> bool:
        """Whether a code says that a scope is missing."""
        return not self._codes(body).isdisjoint(self.insufficient_scope)

    def _codes(self, body: Json) -> frozenset[str]:
        return frozenset(found for pointer in self.code if (found := text_at(body, pointer)))


class Errors(Declaration):
    """The error tables of the token endpoint and of the API."""

    token: ErrorTable = ErrorTable()
    api: ErrorTable = ErrorTable()


def _rule(class_: ErrorClass, *, status: tuple[int, ...] = (), code: tuple[str, ...] = ()) -> ErrorRule:
    return ErrorRule.model_validate({"class": class_, "status": status, "code": code})


def token_defaults() -> ErrorTable:
    """What RFC 6749 5.2 and plain HTTP say about a token endpoint's failure.

    What neither names says nothing about the grant, so the reader of the table takes silence for `transient`.
    """
    return ErrorTable(
        failed_when={},
        code=("/error",),
        message=("/error_description",),
        rules=(
            _rule("ratelimit", status=(429,)),
            _rule("transient", status=(408, 409, 423, 425)),
            _rule("transient", status=tuple(range(500, 600))),
            _rule("transient", code=("temporarily_unavailable", "server_error", "slow_down")),
            _rule("terminal", code=("invalid_grant",)),
            _rule(
                "config",
                code=(
                    "invalid_client",
                    "unauthorized_client",
                    "unsupported_grant_type",
                    "invalid_scope",
                    "invalid_request",
                    "redirect_uri_mismatch",
                ),
            ),
        ),
    )


def api_defaults() -> ErrorTable:
    """What RFC 6750 3.1 and plain HTTP say about an API's failure; silence is the provider's own refusal."""
    return ErrorTable(
        rules=(
            _rule("refresh", status=(401,)),
            _rule("permission", status=(403,)),
            _rule("ratelimit", status=(429,)),
            _rule("transient", status=(408, 425, *range(500, 600))),
        )
    )
