"""The outbox: events are written with the state change that they tell of, and read in their order.

With each event a delivery is written for every endpoint that asked for its type.
"""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import func
from sqlmodel import Session, col, select

from evergrant.model.event import Event, EventType
from evergrant.store.database import Database, mark_news
from evergrant.store.tables import DeliveryRow, EventRow, WebhookEndpointRow


class Outbox:
    """Events by tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, tenant_id: str, seq: int, limit: int, types: Sequence[str] = ()) -> list[Event]:
        """The tenant's events after one place in their order (0 for the first), oldest first; of these types, if any
        are given."""
        query = select(EventRow).where(EventRow.tenant_id == tenant_id, col(EventRow.seq) > seq)
        if types:
            query = query.where(col(EventRow.type).in_(types))
        query = query.order_by(col(EventRow.seq)).limit(limit)
        return [event_of(row) for row in self._database.read(lambda session: session.exec(query).all())]

    def last(self, tenant_id: str) -> int:
        """The place of the tenant's latest event; 0 where there is none."""
        return self._database.read(lambda session: _last(session, tenant_id))


def event_of(row: EventRow) -> Event:
    """The row as the rest of the program sees it."""
    return Event(row.id, row.tenant_id, row.account_id, cast("EventType", row.type), row.data, row.occurred_at, row.seq)


def add_event(session: Session, event: Event) -> None:
    """Put the event at the end of its tenant's, in the transaction of what it tells of."""
    row = EventRow(
        tenant_id=event.tenant_id,
        seq=_last(session, event.tenant_id) + 1,
        id=event.id,
        account_id=event.account_id,
        type=event.type,
        data=event.data,
        occurred_at=event.occurred_at,
    )
    session.add(row)
    for endpoint in session.exec(
        select(WebhookEndpointRow).where(WebhookEndpointRow.tenant_id == event.tenant_id)
    ).all():
        if not endpoint.types or event.type in endpoint.types:
            session.add(delivery_of(row, endpoint.id))
    mark_news(session)


def delivery_of(event: EventRow, endpoint_id: str) -> DeliveryRow:
    """The delivery of an event, due since it happened."""
    return DeliveryRow(
        tenant_id=event.tenant_id,
        endpoint_id=endpoint_id,
        seq=event.seq,
        subject=event.account_id or event.data.get("connection_id", ""),
        state="waiting",
        due_at=event.occurred_at,
    )


def _last(session: Session, tenant_id: str) -> int:
    return session.exec(select(func.max(EventRow.seq)).where(EventRow.tenant_id == tenant_id)).one() or 0
