"""Connections and connected accounts, as the rest of the program sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from evergrant.model.secret import Secret

AccountState = Literal["active", "reauth_required", "revoked"]
Cause = Literal[
    "revoked", "rotation_lost", "idle_expired", "absolute_expired", "grant_evicted", "app_misconfigured", "unknown"
]


class AccountKey(NamedTuple):
    """What every look-up of an account names: an id alone is a handle, never a proof."""

    tenant_id: str
    account_id: str


DEFAULT_CREDENTIAL = "default"


class GrantKey(NamedTuple):
    """Names a grant: most consents bring one, some a second pair of tokens with clocks of its own (Slack's person)."""

    tenant_id: str
    account_id: str
    credential: str = DEFAULT_CREDENTIAL


@dataclass(frozen=True, slots=True)
class Connection:
    """A tenant's OAuth client for one connector (RFC 7591)."""

    id: str
    tenant_id: str
    connector: str
    client_id: str
    client_secret: Secret | None
    redirect_uri: str
    scopes: tuple[str, ...]
    created_at: datetime
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """One user's standing with one connector."""

    id: str
    tenant_id: str
    connection_id: str
    connector: str
    alias: str
    subject: str
    label: str
    state: AccountState
    cause: Cause | None
    scopes_requested: tuple[str, ...]
    scopes_granted: tuple[str, ...]
    values: Mapping[str, str]
    created_at: datetime
    paused: bool = False
    """Whether its operator lets no call through; the grant is kept alive all the same."""

    @property
    def key(self) -> AccountKey:
        return AccountKey(self.tenant_id, self.id)

    @property
    def grant_key(self) -> GrantKey:
        """Of the grant that every account has."""
        return GrantKey(*self.key)

    @property
    def scopes_missing(self) -> tuple[str, ...]:
        """What was asked for and not granted."""
        return tuple(scope for scope in self.scopes_requested if scope not in self.scopes_granted)
