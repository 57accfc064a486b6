"""When grants are due: the renewal times, which lie in the database and are found by an index."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Row, Select, and_, func, literal, tuple_, type_coerce
from sqlalchemy import select as select_columns
from sqlalchemy.orm import Mapped
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select, update

from evergrant.model.account import GrantKey
from evergrant.store.columns import UtcTime
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, GrantRow


class DueCursor(NamedTuple):
    """A place in the order of due grants."""

    refresh_at: datetime
    key: GrantKey


@dataclass(frozen=True, slots=True)
class Due:
    """A grant whose renewal time has come, with what tells its token host."""

    key: GrantKey
    refresh_at: datetime
    connection_id: str
    connector: str
    values: Mapping[str, str]

    @property
    def cursor(self) -> DueCursor:
        return DueCursor(self.refresh_at, self.key)


class Agenda:
    """The renewal times of all tenants' grants; reads no secret."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, limit: int, after: DueCursor | None = None) -> list[Due]:
        """The grants of all tenants whose renewal time has come, the longest due first, beginning behind `after`."""
        query = _due_columns().where(col(GrantRow.refresh_at) <= now).limit(limit)
        if after:
            behind = tuple_(*_order()) > tuple_(literal(after.refresh_at, UtcTime()), *after.key)
            query = query.where(col(GrantRow.refresh_at) >= after.refresh_at, behind)
        rows = self._database.read(lambda session: session.connection().execute(query).all())
        return [_due(row) for row in rows]

    def next_due(self, after: datetime | None = None) -> datetime | None:
        """When the next grant of any tenant is due, if given later than `after`; None where none ever is."""
        query = select(GrantRow.refresh_at).where(col(GrantRow.refresh_at).is_not(None))
        if after:
            query = query.where(col(GrantRow.refresh_at) > after)
        return self._database.read(
            lambda session: session.exec(query.order_by(col(GrantRow.refresh_at)).limit(1)).first()
        )

    def crowd(self, since: datetime, until: datetime) -> int:
        """How many grants of all tenants are to be renewed in a stretch of time."""
        within = (col(GrantRow.refresh_at) >= since, col(GrantRow.refresh_at) < until)
        return self._database.read(lambda session: session.exec(select(func.count()).where(*within)).one())

    async def put_off(self, key: GrantKey, now: datetime, refresh_at: datetime) -> None:
        """Look at a grant that is due now again at another time."""
        mine = and_(
            col(GrantRow.tenant_id) == key.tenant_id,
            col(GrantRow.account_id) == key.account_id,
            col(GrantRow.credential) == key.credential,
            col(GrantRow.refresh_at) <= now,
        )
        await self._set(mine, refresh_at)

    async def bring_forward(self, tenant_id: str, connection_id: str, now: datetime) -> None:
        """Make the grants of a connection due whose renewal was put off by failures."""
        of_connection = select(AccountRow.id).where(
            AccountRow.tenant_id == tenant_id, AccountRow.connection_id == connection_id
        )
        failed = and_(
            col(GrantRow.tenant_id) == tenant_id,
            col(GrantRow.account_id).in_(of_connection),
            col(GrantRow.attempts) > 0,
            col(GrantRow.refresh_at) > now,
        )
        await self._set(failed, now)

    async def distrust_the_future(self, now: datetime) -> None:
        """Make grants due that were issued later than now: the clock was wrong then, or is, and their age unknown."""
        await self._set(and_(col(GrantRow.issued_at) > now, col(GrantRow.refresh_at) > now), now)

    async def _set(self, which: ColumnElement[bool], refresh_at: datetime) -> None:
        change = update(GrantRow).where(which).values(refresh_at=refresh_at)

        def work(session: Session) -> None:
            session.exec(change)

        await self._database.write(work)


def _order() -> tuple[Mapped[datetime | None], Mapped[str], Mapped[str], Mapped[str]]:
    return col(GrantRow.refresh_at), col(GrantRow.tenant_id), col(GrantRow.account_id), col(GrantRow.credential)


def _due_columns() -> Select[datetime, str, str, str, str, str, dict[str, str]]:
    joined = (col(GrantRow.tenant_id) == AccountRow.tenant_id) & (col(GrantRow.account_id) == AccountRow.id)
    return (
        select_columns(
            type_coerce(col(GrantRow.refresh_at), UtcTime()),
            col(GrantRow.tenant_id),
            col(GrantRow.account_id),
            col(GrantRow.credential),
            col(AccountRow.connection_id),
            col(AccountRow.connector),
            col(AccountRow.values),
        )
        .join(AccountRow, joined)
        .order_by(*_order())
    )


def _due(row: Row[datetime, str, str, str, str, str, dict[str, str]]) -> Due:
    refresh_at, tenant_id, account_id, credential, connection_id, connector, values = row
    return Due(GrantKey(tenant_id, account_id, credential), refresh_at, connection_id, connector, values)
