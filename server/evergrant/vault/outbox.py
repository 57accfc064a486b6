"""The outbox: events are written with the state change that they tell of, and read in their order."""

from typing import cast

from sqlmodel import col, select

from evergrant.model.event import Event, EventType
from evergrant.store.database import Database
from evergrant.store.tables import EventRow


class Outbox:
    """Events by tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, tenant_id: str, event_id: str, limit: int) -> list[Event]:
        """The tenant's events after one id ("" for the first), oldest first."""
        mine = (EventRow.tenant_id == tenant_id, EventRow.id > event_id)
        query = select(EventRow).where(*mine).order_by(col(EventRow.id)).limit(limit)
        return [_event(row) for row in self._database.read(lambda session: session.exec(query).all())]


def _event(row: EventRow) -> Event:
    return Event(row.id, row.tenant_id, row.account_id, cast("EventType", row.type), row.data, row.occurred_at)


def event_row(event: Event) -> EventRow:
    """The event as the outbox keeps it."""
    return EventRow(
        tenant_id=event.tenant_id,
        id=event.id,
        account_id=event.account_id,
        type=event.type,
        data=event.data,
        occurred_at=event.occurred_at,
    )
