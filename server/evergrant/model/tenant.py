"""A tenant: a person, a team or a customer whose accounts nobody else of the vault's sees."""

import re
from dataclasses import dataclass
from datetime import datetime

LOCAL_TENANT = "tnt_local"
"""The tenant of a vault that serves one person or one team; every vault has it."""
TENANT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A tenant's id stands in addresses and in the log."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many requests a second a tenant may make, and how many at once after a pause."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant of a vault."""

    id: str
    name: str
    created_at: datetime
    rate: Rate | None = None
    """Its own limit; None is the server's."""
    ends: bool = False
    """Whether it is being removed: nobody comes in for it any more."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much a tenant has."""

    accounts: int = 0
    connections: int = 0
    keys: int = 0
    webhook_endpoints: int = 0

    @property
    def any(self) -> bool:
        return bool(self.accounts or self.connections or self.keys or self.webhook_endpoints)
