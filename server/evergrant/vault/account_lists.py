"""Lists of connected accounts, a page at a time, however many there are; and an operator's pause of one."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select, update

from evergrant.model.account import AccountKey, AccountState, ConnectedAccount
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow
from evergrant.vault.accounts import account_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed by."""

    connector: str | None = None
    state: AccountState | None = None
    paused: bool | None = None
    words: str | None = None
    """Stands in the alias or in the label, in letters of either case."""
    ids: Collection[str] | None = None
    """None is all."""


EVERY = Wanted()


class AccountLists:
    """Accounts by tenant, in the order of their ids, which is that of their birth."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, tenant_id: str, wanted: Wanted = EVERY, after: str | None = None, limit: int = 100
    ) -> list[ConnectedAccount]:
        """So many at most of the tenant's accounts, those after an id; one that is gone does for a place."""
        row = AccountRow
        query = select(row).where(col(row.tenant_id) == tenant_id).order_by(col(row.id)).limit(limit)
        if after is not None:
            query = query.where(col(row.id) > after)
        if wanted.connector is not None:
            query = query.where(col(row.connector) == wanted.connector)
        if wanted.state is not None:
            query = query.where(col(row.state) == wanted.state)
        if wanted.paused is not None:
            query = query.where(col(row.paused) == wanted.paused)
        if wanted.words:
            said = (col(text).icontains(wanted.words, autoescape=True) for text in (row.alias, row.label))
            query = query.where(or_(*said))
        if wanted.ids is not None:
            query = query.where(col(row.id).in_(sorted(wanted.ids)))
        return [account_of(found) for found in self._database.read(lambda session: session.exec(query).all())]

    async def pause(self, key: AccountKey, *, paused: bool) -> bool:
        """Whether the account is there, and now is paused or is not; calls see it from now on in every process."""
        mine = (col(AccountRow.tenant_id) == key.tenant_id, col(AccountRow.id) == key.account_id)
        change = update(AccountRow).where(*mine).values(paused=paused)

        def work(session: Session) -> bool:
            return session.exec(change).rowcount == 1

        return await self._database.write(work)
