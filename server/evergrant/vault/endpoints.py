"""Webhook endpoints by tenant; what they sign with is sealed with a data key of each endpoint's own."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import cast

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, delete, select, update

from evergrant.model.endpoint import Endpoint, EndpointKey, EndpointState
from evergrant.model.secret import Secret
from evergrant.store.database import Database, mark_news
from evergrant.store.tables import DeliveryRow, WebhookEndpointRow
from evergrant.vault.data_keys import DataKeys, Owner, destroy

SECRET, FORMER = "secret", "former_secret"


class Endpoints:
    """The receivers of a tenant's events."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def add(self, endpoint: Endpoint, secret: Secret) -> None:
        """Store a new endpoint; what happens from now on is sent to it."""

        def work(session: Session) -> None:
            fields = self._keys.made_for(session, owner(endpoint.key))
            session.add(
                WebhookEndpointRow(
                    tenant_id=endpoint.tenant_id,
                    id=endpoint.id,
                    url=endpoint.url,
                    secret=fields.seal(secret, SECRET),
                    types=list(endpoint.types),
                    state=endpoint.state,
                    created_at=endpoint.created_at,
                )
            )

        await self._database.write(work)

    def all(self, tenant_id: str) -> list[Endpoint]:
        """The tenant's endpoints, the oldest first, with the number of their deliveries by state."""
        return self._database.read(lambda session: endpoints_of(session, tenant_id))

    def after(self, tenant_id: str, endpoint_id: str | None, limit: int) -> list[Endpoint]:
        """So many of those at most that come after one of them."""
        later = (each for each in self.all(tenant_id) if each.id > (endpoint_id or ""))
        return list(islice(later, limit))

    def get(self, key: EndpointKey) -> Endpoint | None:
        """The endpoint, where it is the tenant's."""
        return next((each for each in self.all(key.tenant_id) if each.id == key.endpoint_id), None)

    def secrets(self, key: EndpointKey, now: datetime) -> tuple[Secret, ...]:
        """What is signed with now: the secret, and the former one while it still counts; none where there is no such
        endpoint. Raises SealBroken."""

        def work(session: Session) -> tuple[Secret, ...]:
            row = session.get(WebhookEndpointRow, tuple(key))
            return opened_secrets(session, self._keys, row, now) if row else ()

        return self._database.read(work)

    async def rotate(self, key: EndpointKey, secret: Secret, former_until: datetime) -> bool:
        """Whether there was one to sign with a new secret; the one until now signs too until then."""

        def change(session: Session, row: WebhookEndpointRow) -> None:
            fields = self._keys.of(session, owner(key))
            row.former_secret, row.former_until = fields.seal(fields.open(row.secret, SECRET), FORMER), former_until
            row.secret = fields.seal(secret, SECRET)

        return await self._change(key, change)

    async def disable(self, key: EndpointKey, reason: str) -> bool:
        """Whether there was one to stop; its events wait until it is enabled."""

        def change(_session: Session, row: WebhookEndpointRow) -> None:
            row.state, row.reason = "disabled", reason

        return await self._change(key, change)

    async def enable(self, key: EndpointKey, now: datetime) -> bool:
        """Whether there was one to go on with: its past failures are forgotten, and what waits for it is due."""

        def change(session: Session, row: WebhookEndpointRow) -> None:
            row.state, row.reason, row.failures = "enabled", None, 0
            row.failing_since = row.not_before = None
            waiting = (col(DeliveryRow.state) == "waiting", col(DeliveryRow.due_at) > now)
            session.exec(update(DeliveryRow).where(*_of(key), *waiting).values(due_at=now))
            mark_news(session)

        return await self._change(key, change)

    async def remove(self, key: EndpointKey) -> bool:
        """Whether there was one to forget, with its deliveries; its data key is shredded."""

        def work(session: Session) -> bool:
            row = session.get(WebhookEndpointRow, tuple(key))
            if row is None:
                return False
            session.delete(row)
            session.exec(delete(DeliveryRow).where(*_of(key)))
            destroy(session, *key)
            return True

        return await self._database.write(work)

    async def _change(self, key: EndpointKey, change: Callable[[Session, WebhookEndpointRow], None]) -> bool:
        def work(session: Session) -> bool:
            row = session.get(WebhookEndpointRow, tuple(key))
            if row is not None:
                change(session, row)
                session.add(row)
            return row is not None

        return await self._database.write(work)


def endpoints_of(session: Session, tenant_id: str) -> list[Endpoint]:
    """The tenant's endpoints, the oldest first; reads no secret."""
    mine = WebhookEndpointRow.tenant_id == tenant_id
    rows = session.exec(select(WebhookEndpointRow).where(mine).order_by(col(WebhookEndpointRow.id))).all()
    counts = _counts(session, tenant_id) if rows else {}
    return [endpoint_of(row, counts.get(row.id, {})) for row in rows]


def owner(key: EndpointKey) -> Owner:
    """Whose data key seals the endpoint's secrets."""
    return Owner(*key, "")


def opened_secrets(session: Session, keys: DataKeys, row: WebhookEndpointRow, now: datetime) -> tuple[Secret, ...]:
    """The current secret first; raises SealBroken."""
    fields = keys.of(session, owner(EndpointKey(row.tenant_id, row.id)))
    current = fields.open(row.secret, SECRET)
    if row.former_secret is None or row.former_until is None or row.former_until <= now:
        return (current,)
    return current, fields.open(row.former_secret, FORMER)


def endpoint_of(row: WebhookEndpointRow, deliveries: Mapping[str, int] | None = None) -> Endpoint:
    """The row as the rest of the program sees it."""
    return Endpoint(
        id=row.id,
        tenant_id=row.tenant_id,
        url=row.url,
        types=tuple(row.types),
        created_at=row.created_at,
        state=cast("EndpointState", row.state),
        reason=row.reason,
        failures=row.failures,
        failing_since=row.failing_since,
        not_before=row.not_before,
        last_error=row.last_error,
        delivered_at=row.delivered_at,
        former_until=row.former_until,
        deliveries=deliveries or {},
    )


def _of(key: EndpointKey) -> tuple[ColumnElement[bool], ...]:
    return col(DeliveryRow.tenant_id) == key.tenant_id, col(DeliveryRow.endpoint_id) == key.endpoint_id


def _counts(session: Session, tenant_id: str) -> dict[str, dict[str, int]]:
    grouped = (col(DeliveryRow.endpoint_id), col(DeliveryRow.state))
    query = select_columns(*grouped, func.count()).where(col(DeliveryRow.tenant_id) == tenant_id).group_by(*grouped)
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for endpoint_id, state, number in session.connection().execute(query).all():
        found[endpoint_id][state] = number
    return dict(found)
