"""The tenants of a vault, and the end of one: nothing of it is left in any table."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, delete, select, update

from evergrant.model.tenant import LOCAL_TENANT, Holdings, Rate, Tenant
from evergrant.store.database import Database
from evergrant.store.tables import (
    AccountRow,
    ApiKeyRow,
    AuthorizationRow,
    ConnectionRow,
    TenantRow,
    WebhookEndpointRow,
)


class TenantExists(Exception):
    """There is a tenant of that id already."""


class TenantInUse(Exception):
    """Something of the tenant's came to be at the last moment, so that nothing was removed."""


class Tenants:
    """Tenants by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, tenant: Tenant) -> None:
        """Store a new one, which has nothing; raises TenantExists."""

        def work(session: Session) -> None:
            if session.get(TenantRow, tenant.id):
                raise TenantExists(tenant.id)
            session.add(_row(tenant))

        await self._database.write(work)

    def get(self, tenant_id: str) -> Tenant | None:
        """The tenant of that id, also one that ends."""
        row = self._database.read(lambda session: session.get(TenantRow, tenant_id))
        return _tenant(row) if row else None

    def page(self, after: str | None, limit: int) -> list[Tenant]:
        """The tenants whose ids come after that one, in the order of their ids."""
        query = select(TenantRow).order_by(col(TenantRow.tenant_id)).limit(limit)
        if after is not None:
            query = query.where(col(TenantRow.tenant_id) > after)
        return [_tenant(row) for row in self._database.read(lambda session: session.exec(query).all())]

    async def change(self, tenant_id: str, to: Callable[[Tenant], Tenant]) -> Tenant | None:
        """The tenant with the name and the limit that `to` makes of what it is now; None where there is none."""

        def work(session: Session) -> Tenant | None:
            row = session.get(TenantRow, tenant_id)
            if row is None:
                return None
            wanted = to(_tenant(row))
            row.name, row.rate, row.burst = wanted.name, *_rate_and_burst(wanted.rate)
            session.flush()
            return _tenant(row)

        return await self._database.write(work)

    def holdings(self, tenant_id: str) -> Holdings:
        """What it has."""
        return self._database.read(lambda session: _holdings(session, tenant_id))

    async def remove_empty(self, tenant_id: str) -> Holdings | None:
        """Remove a tenant that has nothing; else what it has, and it stays as it is."""

        def work(session: Session) -> Holdings | None:
            found = _holdings(session, tenant_id)
            if not found.any:
                _wipe(session, tenant_id)
            return found if found.any else None

        return await self._database.write(work)

    async def begin_end(self, tenant_id: str) -> None:
        """From now on nobody comes in for it: its keys have ended, and the consents that wait take no answer."""

        def work(session: Session) -> None:
            session.exec(update(TenantRow).where(col(TenantRow.tenant_id) == tenant_id).values(ends=True))
            session.exec(delete(ApiKeyRow).where(col(ApiKeyRow.tenant_id) == tenant_id))
            waiting = (col(AuthorizationRow.tenant_id) == tenant_id, col(AuthorizationRow.status) != "taken")
            session.exec(delete(AuthorizationRow).where(*waiting))

        await self._database.write(work)

    async def wipe(self, tenant_id: str, finished_by: datetime) -> None:
        """Take all that it has out of every table, in one transaction.

        Raises TenantInUse while it has an account, or a consent whose code is being redeemed and that ends later than
        `finished_by`: that may yet bring one.
        """

        def work(session: Session) -> None:
            if _count(session, AccountRow, tenant_id) or _being_redeemed(session, tenant_id, finished_by):
                raise TenantInUse(tenant_id)
            _wipe(session, tenant_id)

        await self._database.write(work)
        await self._database.empty_log()


def local_tenant(now: datetime) -> TenantRow:
    """The row of the one that every vault begins with."""
    return _row(Tenant(LOCAL_TENANT, "Local", now))


def _wipe(session: Session, tenant_id: str) -> None:
    """The tables say that every row of it goes with its own, and that none can come later. Data keys go too: what
    copies have of it opens no more."""
    session.exec(delete(TenantRow).where(col(TenantRow.tenant_id) == tenant_id))


def _holdings(session: Session, tenant_id: str) -> Holdings:
    return Holdings(
        accounts=_count(session, AccountRow, tenant_id),
        connections=_count(session, ConnectionRow, tenant_id),
        keys=_count(session, ApiKeyRow, tenant_id),
        webhook_endpoints=_count(session, WebhookEndpointRow, tenant_id),
    )


def _count(
    session: Session, kind: type[AccountRow | ConnectionRow | ApiKeyRow | WebhookEndpointRow], tenant_id: str
) -> int:
    return session.exec(select(func.count()).select_from(kind).where(col(kind.tenant_id) == tenant_id)).one()


def _being_redeemed(session: Session, tenant_id: str, finished_by: datetime) -> bool:
    row = AuthorizationRow
    mine = (col(row.tenant_id) == tenant_id, col(row.status) == "taken", col(row.expires_at) > finished_by)
    return session.exec(select(row.id).where(*mine)).first() is not None


def _rate_and_burst(rate: Rate | None) -> tuple[float | None, int | None]:
    return (rate.per_s, rate.burst) if rate else (None, None)


def _row(tenant: Tenant) -> TenantRow:
    rate, burst = _rate_and_burst(tenant.rate)
    return TenantRow(
        tenant_id=tenant.id, name=tenant.name, rate=rate, burst=burst, ends=tenant.ends, created_at=tenant.created_at
    )


def _tenant(row: TenantRow) -> Tenant:
    rate = Rate(row.rate, row.burst) if row.rate is not None and row.burst is not None else None
    return Tenant(row.tenant_id, row.name, row.created_at, rate, row.ends)
