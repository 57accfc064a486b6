"""What is kept of each call and each exchange: who, which, when and what came of it, never what was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from evergrant.model.held_call import CallEffect
from evergrant.model.json import Json, JsonObject

AuditKind = Literal["call", "refresh", "death"]
"""A tool call; an exchange of a refresh token; the end of a grant that only its person can mend."""
InputPolicy = Literal["none", "names", "sealed"]
"""What is kept of a call's input: nothing, the names of its members, or all of it, sealed."""
SUCCEEDED = ("ok", "empty", "stored")
"""Outcomes that are none to look into."""
LEFT = "caller_left"
"""The outcome of a read whose caller went away before its end."""
FAULT = "internal_error"
"""The outcome of a call that met a fault of this program; the log says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line of the audit. What does not apply to its kind is None or 0."""

    tenant_id: str
    at: datetime
    """When it ended."""
    kind: AuditKind
    outcome: str
    """Of a call `ok`, `empty` or the failure's code; of an exchange its result; of a grant's end the cause."""
    duration_s: float = 0.0
    principal: str | None = None
    account_id: str | None = None
    connector: str | None = None
    tool: str | None = None
    """None where there is no such tool: a made-up name is the caller's own text."""
    effect: CallEffect | None = None
    detail: str | None = None
    """The provider's own code for what went wrong."""
    requests: int = 0
    """How many were sent to the provider."""
    request_bytes: int = 0
    response_bytes: int = 0
    provider_request_id: str | None = None
    """By which the provider's support finds the last request in its own logs."""
    call_id: str | None = None
    """Of the kept call that it is about."""
    generation: int | None = None
    """Of the grant that was to be renewed."""
    input_names: tuple[str, ...] | None = None
    tool_input: JsonObject | None = field(default=None, repr=False)
    """To be sealed; never read for a list."""
    id: str = ""
    """Given when it is stored; ids sort by time."""

    def as_json(self) -> dict[str, Json]:
        """All that is known without opening anything."""
        return {
            "id": self.id,
            "at": self.at.isoformat(timespec="milliseconds"),
            "kind": self.kind,
            "principal": self.principal,
            "connected_account_id": self.account_id,
            "connector": self.connector,
            "tool_name": self.tool,
            "effect": self.effect,
            "outcome": self.outcome,
            "detail": self.detail,
            "duration_ms": round(self.duration_s * 1000),
            "requests": self.requests,
            "request_bytes": self.request_bytes,
            "response_bytes": self.response_bytes,
            "provider_request_id": self.provider_request_id,
            "call_id": self.call_id,
            "generation": self.generation,
            "input_names": list(self.input_names) if self.input_names is not None else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records are wanted; None is all."""

    kind: AuditKind | None = None
    account_id: str | None = None
    connector: str | None = None
    tool: str | None = None
    principal: str | None = None
    outcome: str | None = None
    failed: bool = False
    """Only what did not succeed."""
    since: datetime | None = None
    until: datetime | None = None
    """Before it."""

    @property
    def equal(self) -> Mapping[str, str]:
        """What columns must be equal to, by their names."""
        wanted = {
            "kind": self.kind,
            "account_id": self.account_id,
            "connector": self.connector,
            "tool": self.tool,
            "principal": self.principal,
            "outcome": self.outcome,
        }
        return {name: value for name, value in wanted.items() if value is not None}


EVERYTHING = AuditFilter()
