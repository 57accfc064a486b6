"""API keys: what a caller over HTTP bears, and what of its tenant's it may use."""

from dataclasses import dataclass
from datetime import datetime

from evergrant.model.json import JsonObject
from evergrant.model.policy import Policy
from evergrant.model.principal import Principal


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that was given out; what is borne is told once and kept nowhere."""

    id: str
    tenant_id: str
    name: str
    accounts: tuple[str, ...] | None
    """Ids of connected accounts; None is all, also those to come."""
    tools: tuple[str, ...]
    """Patterns of tool names; none is all."""
    policy: Policy | None
    """None is the server's own."""
    operator: bool
    created_at: datetime
    expires_at: datetime | None
    toolsets: tuple[str, ...] = ()
    """Names of the toolsets that its tools are of; none is all."""

    @property
    def read_only(self) -> bool:
        return self.policy == "read_only"

    def principal(self, default: Policy) -> Principal:
        """Whoever bears it; `default` is the server's policy."""
        accounts = None if self.accounts is None else frozenset(self.accounts)
        policy = self.policy or default
        return Principal(self.tenant_id, self.id, accounts, self.tools, policy, self.operator, toolsets=self.toolsets)

    def as_json(self) -> JsonObject:
        return {
            "id": self.id,
            "name": self.name,
            "connected_account_ids": self.accounts,
            "tools": self.tools,
            "toolsets": self.toolsets,
            "policy": self.policy,
            "read_only": self.read_only,
            "operator": self.operator,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }
