"""What a vault tells without its key: connections, accounts, the clocks of their grants, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from evergrant.model.account import ConnectedAccount
from evergrant.model.endpoint import Endpoint
from evergrant.model.event import Event
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, ConnectionRow, EventRow, GrantRow, OrphanRow, VaultRow
from evergrant.vault.accounts import account_of
from evergrant.vault.endpoints import endpoints_of
from evergrant.vault.outbox import event_of


@dataclass(frozen=True, slots=True)
class KnownConnection:
    """An OAuth client without its secret."""

    id: str
    connector: str
    redirect_uri: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class KnownGrant:
    """A grant without its tokens."""

    account: ConnectedAccount
    credential: str
    issued_at: datetime
    expires_at: datetime | None
    refresh_at: datetime | None
    consented_at: datetime
    refresh_expires_at: datetime | None
    """When the refresh token itself ends, where an answer said so."""
    renewable: bool
    """Whether it has a refresh token."""
    dead: bool
    intent_at: datetime | None
    """When an exchange of this generation was begun whose end is not known."""
    attempts: int
    last_error: str | None
    orphan: bool
    """Whether a success that came late is kept beside it."""


@dataclass(frozen=True, slots=True)
class Overview:
    """One tenant's part of a vault."""

    connections: Sequence[KnownConnection] = ()
    accounts: Sequence[ConnectedAccount] = ()
    grants: Sequence[KnownGrant] = ()
    events: Sequence[Event] = ()
    endpoints: Sequence[Endpoint] = ()


def vault_row(database: Database) -> VaultRow | None:
    """Which vault this is; None where it was never finished. Raises StoreUnavailable."""
    return database.read(lambda session: session.exec(select(VaultRow)).first())


def overview(database: Database, tenant_id: str) -> Overview:
    """All of it in one snapshot; raises StoreUnavailable."""
    return database.read(lambda session: _read(session, tenant_id))


def _read(session: Session, tenant_id: str) -> Overview:
    connections = session.exec(
        select(ConnectionRow).where(ConnectionRow.tenant_id == tenant_id).order_by(col(ConnectionRow.connector))
    ).all()
    accounts = session.exec(
        select(AccountRow).where(AccountRow.tenant_id == tenant_id).order_by(col(AccountRow.id))
    ).all()
    events = session.exec(select(EventRow).where(EventRow.tenant_id == tenant_id).order_by(col(EventRow.seq))).all()
    return Overview(
        connections=[KnownConnection(row.id, row.connector, row.redirect_uri, row.fault) for row in connections],
        accounts=[account_of(row) for row in accounts],
        grants=_grants(session, tenant_id, {row.id: account_of(row) for row in accounts}),
        events=[event_of(row) for row in events],
        endpoints=endpoints_of(session, tenant_id),
    )


def _grants(session: Session, tenant_id: str, accounts: dict[str, ConnectedAccount]) -> list[KnownGrant]:
    rows = session.exec(select(GrantRow).where(GrantRow.tenant_id == tenant_id)).all()
    orphans = session.exec(select(OrphanRow).where(OrphanRow.tenant_id == tenant_id)).all()
    kept = {(row.account_id, row.credential) for row in orphans}
    known = (row for row in sorted(rows, key=lambda row: row.account_id) if row.account_id in accounts)
    return [_grant(row, accounts[row.account_id], orphan=(row.account_id, row.credential) in kept) for row in known]


def _grant(row: GrantRow, account: ConnectedAccount, *, orphan: bool) -> KnownGrant:
    return KnownGrant(
        account=account,
        credential=row.credential,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        refresh_at=row.refresh_at,
        consented_at=row.consented_at,
        refresh_expires_at=row.refresh_expires_at,
        renewable=row.refresh_token is not None,
        dead=row.dead,
        intent_at=row.intent_at if row.intent_generation == row.generation else None,
        attempts=row.attempts,
        last_error=row.last_error,
        orphan=orphan,
    )
