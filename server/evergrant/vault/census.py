"""How much of what a vault holds, for a monitor: a few counts in one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, ConnectionRow, DeliveryRow, GrantRow, HeldCallRow


class AccountCount(NamedTuple):
    """How many accounts of a service stand so; `cause` is empty for those that live."""

    connector: str
    state: str
    cause: str
    number: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Of all tenants together."""

    accounts: Sequence[AccountCount]
    held_calls: Mapping[str, int]
    """By status."""
    deliveries_waiting: int
    oldest_delivery_at: datetime | None
    faulty_connections: Mapping[str, int]
    """By connector."""
    next_refresh_at: datetime | None
    """The earliest time at which a grant is to be renewed; in the past where renewals are late."""


class Census:
    """Counts all tenants' rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self) -> Counts:
        """The counts now; raises StoreUnavailable."""
        return self._database.read(_counts)


def _counts(session: Session) -> Counts:
    waiting = col(DeliveryRow.state) == "waiting"
    deliveries = session.connection().execute(select_columns(func.count(), func.min(DeliveryRow.due_at)).where(waiting))
    number, oldest = deliveries.one()
    due = select(func.min(GrantRow.refresh_at)).where(col(GrantRow.refresh_at).is_not(None))
    return Counts(
        accounts=_accounts(session),
        held_calls=_by(session, col(HeldCallRow.status)),
        deliveries_waiting=number,
        oldest_delivery_at=oldest,
        faulty_connections=_faults(session),
        next_refresh_at=session.exec(due).one(),
    )


def _accounts(session: Session) -> list[AccountCount]:
    by = (col(AccountRow.connector), col(AccountRow.state), func.coalesce(AccountRow.cause, ""))
    rows = session.connection().execute(select_columns(*by, func.count()).group_by(*by)).all()
    return [AccountCount(*row) for row in rows]


def _by(session: Session, column: Mapped[str]) -> dict[str, int]:
    rows = session.connection().execute(select_columns(column, func.count()).group_by(column)).all()
    return dict(rows)


def _faults(session: Session) -> dict[str, int]:
    faulty = select_columns(col(ConnectionRow.connector), func.count()).where(col(ConnectionRow.fault).is_not(None))
    rows = session.connection().execute(faulty.group_by(col(ConnectionRow.connector))).all()
    return dict(rows)
