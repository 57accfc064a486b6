"""A tool call that is kept until its person has reconnected, or has approved it, or it is given up."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from evergrant.model.account import AccountKey, GrantKey
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Outcome

CallStatus = Literal["waiting", "running", "done", "failed", "cancelled", "expired"]
CallEffect = Literal["read", "write", "destroy"]
Approval = Literal["none", "wanted", "given", "refused"]
"""None is needed; a person has yet to say; they said yes, for one run of this call; they said no."""
Decision = Literal["given", "refused"]
"""An approval that somebody has decided about."""


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A kept call. Its input is known until it has ended, its outcome from then on; neither is read for a list."""

    id: str
    tenant_id: str
    account_id: str
    credential: str
    tool_name: str
    effect: CallEffect
    status: CallStatus
    fence: int
    """How often a run of it was begun."""
    claim: str | None
    """Names the process that runs it."""
    asked_by: str | None
    """Who made the call, where that is known."""
    created_at: datetime
    expires_at: datetime
    """When it stops waiting; once it has ended, when its outcome is forgotten."""
    approval: Approval = "none"
    decided_by: str | None = None
    """Who approved or refused it."""
    decided_at: datetime | None = None
    tool_input: JsonObject | None = field(default=None, repr=False)
    outcome: Outcome | None = field(default=None, repr=False)

    @property
    def account_key(self) -> AccountKey:
        return AccountKey(self.tenant_id, self.account_id)

    @property
    def grant_key(self) -> GrantKey:
        """Of the grant that signs the call."""
        return GrantKey(self.tenant_id, self.account_id, self.credential)

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for a person to approve it."""
        return self.status == "waiting" and self.approval == "wanted"

    @property
    def size(self) -> int:
        """Characters of the input as JSON."""
        return len(json.dumps(self.tool_input))

    def as_json(self) -> JsonObject:
        """All that a person or a program wants to know of it."""
        more: dict[str, JsonObject] = {}
        if self.tool_input is not None:
            more["tool_input"] = self.tool_input
        if self.outcome is not None:
            more["outcome"] = self.outcome.as_json()
        return {
            "id": self.id,
            "connected_account_id": self.account_id,
            "tool_name": self.tool_name,
            "effect": self.effect,
            "status": self.status,
            "approval": self.approval,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at.isoformat() if self.decided_at else None,
            "asked_by": self.asked_by,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            **more,
        }
