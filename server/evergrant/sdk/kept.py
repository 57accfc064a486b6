"""Calls that are kept for a person."""

from dataclasses import dataclass, field
from datetime import datetime

from evergrant.model.json import JsonObject, at, text_at


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call that waits for its person, or has waited."""

    id: str
    connected_account_id: str
    tool_name: str
    status: str
    """`waiting`, `running`, `done`, `failed`, `cancelled` or `expired`."""
    approval: str
    """`none`: it needs no person's approval; `wanted`, `given` or `refused`."""
    created_at: datetime
    expires_at: datetime
    """When it is given up; once it has ended, when its outcome is forgotten."""
    tool_input: JsonObject | None = field(default=None, repr=False)
    """While it has not ended, and only where one call is asked for, not a list."""
    outcome: JsonObject | None = field(default=None, repr=False)
    """What it came to, likewise; `Evergrant.resume_call` gives it as a result or raises it."""


def kept_of(answer: JsonObject) -> KeptCall:
    """One call of `/v1/calls`."""
    given, outcome = at(answer, "/tool_input"), at(answer, "/outcome")
    return KeptCall(
        id=str(answer["id"]),
        connected_account_id=str(answer["connected_account_id"]),
        tool_name=str(answer["tool_name"]),
        status=text_at(answer, "/status") or "",
        approval=text_at(answer, "/approval") or "none",
        created_at=datetime.fromisoformat(str(answer["created_at"])),
        expires_at=datetime.fromisoformat(str(answer["expires_at"])),
        tool_input=given if isinstance(given, dict) else None,
        outcome=outcome if isinstance(outcome, dict) else None,
    )
