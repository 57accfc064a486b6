"""A result that was too large to be given whole, kept for a while so that its rest can be asked for."""

from dataclasses import dataclass, field
from datetime import datetime

from evergrant.model.account import AccountKey
from evergrant.model.outcome import Result


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The whole of it, as its call gave it."""

    id: str
    tenant_id: str
    tool_name: str
    created_at: datetime
    expires_at: datetime
    result: Result = field(repr=False)

    @property
    def account_key(self) -> AccountKey:
        return AccountKey(self.tenant_id, self.result.account)
