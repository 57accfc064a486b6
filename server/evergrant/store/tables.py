"""The tables. Every table that holds a tenant's data has the tenant in its key."""

# pyright: reportIncompatibleVariableOverride=false
# (SQLModel declares __tablename__ as a declared_attr; a plain name is what it takes)

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from evergrant.store.columns import UtcTime


def _time(*, nullable: bool = False) -> Column[datetime]:
    return Column(UtcTime(), nullable=nullable)


class VaultRow(SQLModel, table=True):
    """One row: which vault this is, and a sealed constant that tells whether the key fits."""

    __tablename__: ClassVar[str] = "vault"

    id: str = Field(primary_key=True)
    proof: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    vault_key: int
    """The version of the vault's key that new data keys are wrapped with, and that sealed the proof."""
    epoch: int = 0
    """Grows; its key's source keeps a copy, so that an older database is known for one that was restored."""
    restored: bool = False
    """Whether rotating grants wait for a person's word that this copy is the one to go on with."""
    created_at: datetime = Field(sa_column=_time())


class TenantRow(SQLModel, table=True):
    """A tenant. Without a `rate` the server's own limit holds; one that `ends` is being removed."""

    __tablename__: ClassVar[str] = "tenant"

    tenant_id: str = Field(primary_key=True)
    name: str
    rate: float | None = None
    burst: int | None = None
    ends: bool = False
    created_at: datetime = Field(sa_column=_time())


class OfTenant(SQLModel):
    """What every row that is a tenant's begins with: none can be written where the tenant is gone, and none stays."""

    tenant_id: str = Field(primary_key=True, foreign_key="tenant.tenant_id", ondelete="CASCADE")


class DataKeyRow(OfTenant, table=True):
    """The key of one owner's fields, wrapped by one version of the vault's key."""

    __tablename__: ClassVar[str] = "data_key"
    __table_args__ = (Index("ix_data_key_vault_key", "vault_key"),)

    owner_id: str = Field(primary_key=True)
    connector: str
    key_id: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    vault_key: int
    wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ConnectionRow(OfTenant, table=True):
    """A tenant's OAuth client for one connector."""

    __tablename__: ClassVar[str] = "connection"
    __table_args__ = (UniqueConstraint("tenant_id", "connector", name="uq_connection_connector"),)

    id: str = Field(primary_key=True)
    connector: str
    client_id: str
    client_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    redirect_uri: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    fault: str | None = None
    created_at: datetime = Field(sa_column=_time())


class AccountRow(OfTenant, table=True):
    """A connected account: who it is and in what state. A `paused` one is kept alive and lets no call through."""

    __tablename__: ClassVar[str] = "connected_account"
    __table_args__ = (
        UniqueConstraint("tenant_id", "alias", name="uq_connected_account_alias"),
        Index("ix_connected_account_connector", "tenant_id", "connector", "id"),
    )

    id: str = Field(primary_key=True)
    connection_id: str
    connector: str
    alias: str
    subject: str
    label: str
    state: str
    cause: str | None = None
    scopes_requested: list[str] = Field(sa_column=Column(JSON, nullable=False))
    scopes_granted: list[str] = Field(sa_column=Column(JSON, nullable=False))
    values: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    paused: bool = False
    created_at: datetime = Field(sa_column=_time())


class GrantRow(OfTenant, table=True):
    """An account's sealed grant, and the attempt to renew it that is under way.

    `intent_generation` equal to `generation` means that an exchange of this generation's refresh token was begun and
    its end is not known; `fence` tells attempts apart. `previous_token` is the refresh token before this one. A `dead`
    grant needs its person; the account's state tells of any dead one. `failing` and `end_told` say which events are
    out.
    """

    __tablename__: ClassVar[str] = "stored_grant"
    __table_args__ = (Index("ix_stored_grant_refresh_at", "refresh_at"),)

    account_id: str = Field(primary_key=True)
    credential: str = Field(primary_key=True)
    generation: int
    access_token: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    refresh_token: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    issued_at: datetime = Field(sa_column=_time())
    expires_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    refresh_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    renew_from: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    not_before: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    refresh_expires_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    previous_token: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    consented_at: datetime = Field(sa_column=_time())
    consents: int = 1
    fence: int = 0
    intent_generation: int | None = None
    intent_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    dead: bool = False
    failing: bool = False
    end_told: bool = False
    attempts: int = 0
    last_error: str | None = None


class OrphanRow(OfTenant, table=True):
    """A success that came when the generation had moved: it may yet hold the only token that is good."""

    __tablename__: ClassVar[str] = "orphan_grant"

    account_id: str = Field(primary_key=True)
    credential: str = Field(primary_key=True)
    generation: int
    access_token: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    refresh_token: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    issued_at: datetime = Field(sa_column=_time())
    expires_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class AuthorizationRow(OfTenant, table=True):
    """One consent in flight. State, link and browser are stored hashed, the PKCE verifier and the code sealed.

    `code` is a provider's, kept while the tenant's back end is asked who the person is.
    """

    __tablename__: ClassVar[str] = "authorization"
    __table_args__ = (
        UniqueConstraint("state_hash", name="uq_authorization_state"),
        Index("ix_authorization_expires_at", "expires_at"),
        Index("ix_authorization_link", "tenant_id", "link_hash"),
    )

    id: str = Field(primary_key=True)
    connection_id: str
    connector: str
    account_id: str | None = None
    alias: str
    state_hash: str
    code_verifier: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    redirect_uri: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    values: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    link_hash: str | None = None
    browser_hash: str | None = None
    needs_confirmation: bool = False
    code: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    status: str
    detail: str | None = None
    created_at: datetime = Field(sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())


class AuditRow(OfTenant, table=True):
    """One call or exchange as it ended. What `tool_input` holds is sealed, and goes with its account."""

    __tablename__: ClassVar[str] = "audit"
    __table_args__ = (Index("ix_audit_account", "tenant_id", "account_id", "id"), Index("ix_audit_at", "at"))

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_time())
    kind: str
    outcome: str
    duration_us: int
    principal: str | None = None
    account_id: str | None = None
    connector: str | None = None
    tool: str | None = None
    effect: str | None = None
    detail: str | None = None
    requests: int
    request_bytes: int
    response_bytes: int
    provider_request_id: str | None = None
    call_id: str | None = None
    generation: int | None = None
    input_names: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    tool_input: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class HeldCallRow(OfTenant, table=True):
    """A tool call that waits for its person, to reconnect or to approve it, and what came of it.

    `status` moves waiting -> running -> done or failed, or from waiting to cancelled or expired; back to waiting where
    a run was refused before anything was carried out. `claim` names the process that runs it, `fence` tells runs apart.
    While `approval` is wanted no run begins; `decided_by` and `decided_at` say who gave or refused it, and when.
    A read does not run by itself before `run_after`. The input goes at the call's end, the outcome at `expires_at`.
    """

    __tablename__: ClassVar[str] = "held_call"
    __table_args__ = (
        Index("ix_held_call_account", "tenant_id", "account_id", "status"),
        Index("ix_held_call_status", "status", "expires_at"),
    )

    id: str = Field(primary_key=True)
    account_id: str
    credential: str
    tool_name: str
    effect: str
    tool_input: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    status: str
    claim: str | None = None
    fence: int = 0
    run_after: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    outcome: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    asked_by: str | None = None
    approval: str = "none"
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    created_at: datetime = Field(sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())


class KeptResultRow(OfTenant, table=True):
    """A result that was too large to be given whole, until `expires_at`. `size` are the characters of its content."""

    __tablename__: ClassVar[str] = "kept_result"
    __table_args__ = (
        Index("ix_kept_result_account", "tenant_id", "account_id", "id"),
        Index("ix_kept_result_expires_at", "expires_at"),
    )

    id: str = Field(primary_key=True)
    account_id: str
    tool_name: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    size: int
    created_at: datetime = Field(sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())


class EventRow(OfTenant, table=True):
    """The outbox: what happened to a grant, written in the transaction in which it happened.

    `seq` is its place among the tenant's events.
    """

    __tablename__: ClassVar[str] = "event"
    __table_args__ = (UniqueConstraint("tenant_id", "id", name="uq_event_id"),)

    seq: int = Field(primary_key=True)
    id: str
    account_id: str | None = None
    type: str
    data: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    occurred_at: datetime = Field(sa_column=_time())


class WebhookEndpointRow(OfTenant, table=True):
    """Where a tenant's events are sent. No types are all; `reason` says why it is disabled.

    Of the receiver: `failures` in a row since `failing_since`, and `not_before`, until which it is left alone.
    """

    __tablename__: ClassVar[str] = "webhook_endpoint"

    id: str = Field(primary_key=True)
    url: str
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    former_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    former_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    types: list[str] = Field(sa_column=Column(JSON, nullable=False))
    state: str
    reason: str | None = None
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    not_before: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    last_error: str | None = None
    delivered_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    created_at: datetime = Field(sa_column=_time())


class ApiKeyRow(OfTenant, table=True):
    """An API key, by the digest of what its bearer bears. `accounts` None is all; no `tools`, no `toolsets` are all.

    `policy` None is the server's own.
    """

    __tablename__: ClassVar[str] = "api_key"
    __table_args__ = (UniqueConstraint("digest", name="uq_api_key_digest"),)

    id: str = Field(primary_key=True)
    digest: str
    name: str
    accounts: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    tools: list[str] = Field(sa_column=Column(JSON, nullable=False))
    toolsets: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    policy: str | None = None
    operator: bool
    created_at: datetime = Field(sa_column=_time())
    expires_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class KeptAnswerRow(OfTenant, table=True):
    """A request that came with an Idempotency-Key: a fingerprint of its content, and what was answered.

    `claim` names the process that does it. Without claim and answer, what came of it is not known any more.
    """

    __tablename__: ClassVar[str] = "kept_answer"
    __table_args__ = (Index("ix_kept_answer_expires_at", "expires_at"),)

    id: str = Field(primary_key=True)
    request: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    claim: str | None = None
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    expires_at: datetime = Field(sa_column=_time())


class DeliveryRow(OfTenant, table=True):
    """One event on its way to one endpoint, written with the event.

    `subject` is what the event is about: of the waiting ones of a subject the first goes first. `lease_until` keeps
    other processes from sending it too; `fence` tells attempts apart.
    """

    __tablename__: ClassVar[str] = "delivery"
    __table_args__ = (Index("ix_delivery_state", "tenant_id", "endpoint_id", "state", "subject", "seq"),)

    endpoint_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    subject: str
    state: str
    due_at: datetime = Field(sa_column=_time())
    attempts: int = 0
    fence: int = 0
    lease_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    last_error: str | None = None
    ended_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
