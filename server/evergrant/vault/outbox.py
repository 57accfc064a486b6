"""The outbox: events are written with the state change that they tell of, and read in their order."""

from typing import cast

from sqlalchemy import func
from sqlmodel import Session, col, select

from evergrant.model.event import Event, EventType
from evergrant.store.database import Database
from evergrant.store.tables import EventRow


class Outbox:
    """Events by tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, tenant_id: str, seq: int, limit: int) -> list[Event]:
        """The tenant's events after one place in their order (0 for the first), oldest first."""
        mine = (EventRow.tenant_id == tenant_id, col(EventRow.seq) > seq)
        query = select(EventRow).where(*mine).order_by(col(EventRow.seq)).limit(limit)
        return [event_of(row) for row in self._database.read(lambda session: session.exec(query).all())]


def event_of(row: EventRow) -> Event:
    """The row as the rest of the program sees it."""
    return Event(row.id, row.tenant_id, row.account_id, cast("EventType", row.type), row.data, row.occurred_at, row.seq)


def add_event(session: Session, event: Event) -> None:
    """Put the event at the end of its tenant's, in the transaction of what it tells of."""
    last = session.exec(select(func.max(EventRow.seq)).where(EventRow.tenant_id == event.tenant_id)).one()
    row = EventRow(
        tenant_id=event.tenant_id,
        seq=(last or 0) + 1,
        id=event.id,
        account_id=event.account_id,
        type=event.type,
        data=event.data,
        occurred_at=event.occurred_at,
    )
    session.add(row)
