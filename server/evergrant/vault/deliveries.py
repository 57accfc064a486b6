"""Events on their way to endpoints: each is claimed for a while, sent by whoever claimed it, and marked.

A claim is a lease in the database, so any process may deliver; of one that was killed the lease runs out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from evergrant.model.endpoint import Delivery, DeliveryState, Endpoint, EndpointKey
from evergrant.model.event import Event
from evergrant.model.secret import Secret
from evergrant.store.database import Database, mark_news
from evergrant.store.tables import AccountRow, DeliveryRow, EventRow, HeldCallRow, WebhookEndpointRow
from evergrant.vault.data_keys import DataKeys
from evergrant.vault.endpoints import endpoint_of, opened_secrets
from evergrant.vault.outbox import delivery_of, event_of


class Slot(NamedTuple):
    """An endpoint that something waits for."""

    key: EndpointKey
    due_at: datetime
    """When the next of its deliveries can be claimed."""
    leased: bool
    """Whether one is being sent now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process alone is to send now."""

    endpoint: Endpoint
    event: Event
    secrets: tuple[Secret, ...]
    attempts: int
    """How many have failed."""
    fence: int


@dataclass(frozen=True, slots=True)
class Setback:
    """What follows from an attempt that failed."""

    error: str
    due_at: datetime | None
    """When to try again; None where there were enough attempts."""
    not_before: datetime | None = None
    """Until when the endpoint is left alone."""
    disable: str | None = None
    """Why the endpoint is to be disabled, if it is."""


class _Head(NamedTuple):
    """The first waiting delivery of a subject."""

    seq: int
    due_at: datetime
    lease_until: datetime | None

    def is_leased(self, now: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > now

    def free_at(self, now: datetime) -> datetime:
        return self.lease_until if self.lease_until is not None and self.lease_until > now else self.due_at


class Deliveries:
    """What waits for which endpoint, and what became of it."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    def slots(self, now: datetime, tenant_id: str | None = None, at_once: int = 1) -> list[Slot]:
        """The enabled endpoints, of the tenant or of all, that something waits for; reads no secret."""
        enabled = select(WebhookEndpointRow).where(WebhookEndpointRow.state == "enabled")
        if tenant_id is not None:
            enabled = enabled.where(WebhookEndpointRow.tenant_id == tenant_id)

        def work(session: Session) -> list[Slot]:
            found = (_slot(session, row, now, at_once) for row in session.exec(enabled).all())
            return [slot for slot in found if slot]

        return self._database.read(work)

    async def claim(self, key: EndpointKey, now: datetime, lease_until: datetime, at_once: int = 1) -> Claim | None:
        """The endpoint's first delivery that is due, for this process alone until then; None where there is none.

        Of the waiting ones about one account, only the oldest. One that tells of a state that is over is marked
        superseded on the way. No more than `at_once` are claimed at a time, of an endpoint that fails one. Raises
        SealBroken.
        """

        def work(session: Session) -> Claim | None:
            endpoint = session.get(WebhookEndpointRow, tuple(key))
            if endpoint is None or endpoint.state != "enabled":
                return None
            if endpoint.not_before is not None and endpoint.not_before > now:
                return None
            while row := _next(session, endpoint, now, at_once):
                event = session.get_one(EventRow, (key.tenant_id, row.seq))
                if not _is_over(session, event):
                    secrets = opened_secrets(session, self._keys, endpoint, now)
                    row.fence, row.lease_until = row.fence + 1, lease_until
                    session.add(row)
                    return Claim(endpoint_of(endpoint), event_of(event), secrets, row.attempts, row.fence)
                _end(row, "superseded", now)
                session.add(row)
                session.flush()
            return None

        return await self._database.write(work)

    async def delivered(self, claim: Claim, now: datetime) -> None:
        """The receiver has it."""

        def work(session: Session) -> None:
            if row := _mine(session, claim):
                _end(row, "delivered", now)
                session.add(row)
            if endpoint := session.get(WebhookEndpointRow, tuple(claim.endpoint.key)):
                endpoint.failures, endpoint.delivered_at = 0, now
                endpoint.failing_since = endpoint.not_before = endpoint.last_error = None
                if endpoint.former_until is not None and endpoint.former_until <= now:
                    endpoint.former_secret = endpoint.former_until = None
                session.add(endpoint)

        await self._database.write(work)

    async def failed(self, claim: Claim, setback: Setback, now: datetime) -> None:
        """The receiver does not have it, or did not say so."""

        def work(session: Session) -> None:
            if row := _mine(session, claim):
                row.attempts, row.last_error, row.lease_until = row.attempts + 1, setback.error, None
                if setback.due_at is None:
                    _end(row, "dead", now)
                else:
                    row.due_at = setback.due_at
                session.add(row)
            if endpoint := session.get(WebhookEndpointRow, tuple(claim.endpoint.key)):
                _fail(endpoint, setback, now)
                session.add(endpoint)

        await self._database.write(work)

    async def put_off(self, key: EndpointKey, error: str, until: datetime) -> None:
        """Leave the endpoint alone until then, for a reason that is not the receiver's."""

        def work(session: Session) -> None:
            if endpoint := session.get(WebhookEndpointRow, tuple(key)):
                endpoint.not_before, endpoint.last_error = until, error
                session.add(endpoint)

        await self._database.write(work)

    async def replay(self, key: EndpointKey, since: int | datetime, now: datetime, *, only_dead: bool = False) -> int:
        """Have the tenant's events from that place or time on sent again, whatever became of them; how many they are.

        Only of the types that the endpoint asks for. `only_dead` are those that were given up.
        """

        def work(session: Session) -> int:
            endpoint = session.get(WebhookEndpointRow, tuple(key))
            if endpoint is None:
                return 0
            again = [
                _again(session, event, key, now, only_dead=only_dead)
                for event in session.exec(_events(key.tenant_id, since)).all()
                if not endpoint.types or event.type in endpoint.types
            ]
            endpoint.not_before = None
            session.add(endpoint)
            mark_news(session)
            return sum(again)

        return await self._database.write(work)

    def latest(self, key: EndpointKey, limit: int) -> list[Delivery]:
        """What became of the endpoint's latest events, the latest first."""
        mine = (DeliveryRow.tenant_id == key.tenant_id, DeliveryRow.endpoint_id == key.endpoint_id)
        query = select(DeliveryRow).where(*mine).order_by(col(DeliveryRow.seq).desc()).limit(limit)

        def work(session: Session) -> list[Delivery]:
            rows = session.exec(query).all()
            return [_seen(row, session.get_one(EventRow, (key.tenant_id, row.seq))) for row in rows]

        return self._database.read(work)


def _waiting(endpoint: WebhookEndpointRow) -> tuple[ColumnElement[bool], ...]:
    return (
        col(DeliveryRow.tenant_id) == endpoint.tenant_id,
        col(DeliveryRow.endpoint_id) == endpoint.id,
        col(DeliveryRow.state) == "waiting",
    )


def _heads(session: Session, endpoint: WebhookEndpointRow) -> list[_Head]:
    first = select_columns(func.min(DeliveryRow.seq)).where(*_waiting(endpoint)).group_by(col(DeliveryRow.subject))
    columns = (col(DeliveryRow.seq), col(DeliveryRow.due_at), col(DeliveryRow.lease_until))
    query = select_columns(*columns).where(*_waiting(endpoint)).where(col(DeliveryRow.seq).in_(first))
    return [_Head(*row) for row in session.connection().execute(query.order_by(col(DeliveryRow.seq))).all()]


def _slot(session: Session, endpoint: WebhookEndpointRow, now: datetime, at_once: int) -> Slot | None:
    heads = _heads(session, endpoint)
    if not heads:
        return None
    ends = sorted(head.free_at(now) for head in heads if head.is_leased(now))
    full = len(ends) >= at_once
    due_at = ends[0] if full else min(head.free_at(now) for head in heads)
    key = EndpointKey(endpoint.tenant_id, endpoint.id)
    return Slot(key, max(due_at, endpoint.not_before or due_at), bool(ends))


def _next(session: Session, endpoint: WebhookEndpointRow, now: datetime, at_once: int) -> DeliveryRow | None:
    heads = _heads(session, endpoint)
    if sum(head.is_leased(now) for head in heads) >= (1 if endpoint.failures else at_once):
        return None
    seq = next((head.seq for head in heads if head.free_at(now) <= now), None)
    return session.get_one(DeliveryRow, (endpoint.tenant_id, endpoint.id, seq)) if seq is not None else None


def _is_over(session: Session, event: EventRow) -> bool:
    """Whether it asks for a reconnect, or an approval, that nobody needs any more."""
    if event.type == "agent.call.approval_required":
        call = session.get(HeldCallRow, (event.tenant_id, event.data.get("call_id", "")))
        return call is None or (call.status, call.approval) != ("waiting", "wanted")
    if event.type != "agent.auth.reauth_required" or event.account_id is None:
        return False
    account = session.get(AccountRow, (event.tenant_id, event.account_id))
    return account is None or account.state == "active"


def _mine(session: Session, claim: Claim) -> DeliveryRow | None:
    """The row, where the claim is still its latest."""
    row = session.get(DeliveryRow, (*claim.endpoint.key, claim.event.seq))
    return row if row is not None and (row.state, row.fence) == ("waiting", claim.fence) else None


def _end(row: DeliveryRow, state: DeliveryState, now: datetime) -> None:
    row.state, row.ended_at, row.lease_until = state, now, None


def _fail(endpoint: WebhookEndpointRow, setback: Setback, now: datetime) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.last_error = setback.error
    endpoint.not_before = setback.not_before
    if setback.disable:
        endpoint.state, endpoint.reason = "disabled", setback.disable


def _events(tenant_id: str, since: int | datetime) -> SelectOfScalar[EventRow]:
    since_then = col(EventRow.seq) >= since if isinstance(since, int) else col(EventRow.occurred_at) >= since
    return select(EventRow).where(EventRow.tenant_id == tenant_id, since_then).order_by(col(EventRow.seq))


def _again(session: Session, event: EventRow, key: EndpointKey, now: datetime, *, only_dead: bool) -> bool:
    row = session.get(DeliveryRow, (*key, event.seq))
    if only_dead and (row is None or row.state != "dead"):
        return False
    row = row or delivery_of(event, key.endpoint_id)
    row.state, row.due_at, row.attempts, row.ended_at, row.lease_until = "waiting", now, 0, None, None
    row.fence += 1
    session.add(row)
    return True


def _seen(row: DeliveryRow, event: EventRow) -> Delivery:
    state = cast("DeliveryState", row.state)
    return Delivery(row.seq, event.id, event.type, state, row.attempts, row.due_at, row.last_error, row.ended_at)
