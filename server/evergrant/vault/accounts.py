"""Connected accounts: look-up, naming and removal. Their grants are in `grants`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Select, bindparam, func
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select, update

from evergrant.model.account import DEFAULT_CREDENTIAL, AccountKey, AccountState, Cause, ConnectedAccount, GrantKey
from evergrant.store.database import Database
from evergrant.store.lookup import Lookup
from evergrant.store.tables import AccountRow, ConnectionRow, GrantRow, HeldCallRow, KeptResultRow, OrphanRow
from evergrant.vault.account_queries import Ids, connectors_of, of_connector, says, seen
from evergrant.vault.audit import forget_inputs
from evergrant.vault.data_keys import destroy
from evergrant.vault.idempotency import forget_answers


class AliasTaken(Exception):
    """Another account of the tenant has this alias."""


class Matching(NamedTuple):
    """The first of the accounts that match, how many match, and how many there are."""

    first: list[ConnectedAccount]
    matching: int
    there: int


class Accounts:
    """Connected accounts by tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._named = Lookup[tuple[AccountRow]](database, _named(), AccountRow)

    def get(self, key: AccountKey) -> ConnectedAccount | None:
        """The account, where it is the tenant's."""
        row = self._database.read(lambda session: session.get(AccountRow, tuple(key)))
        return account_of(row) if row else None

    def named(self, tenant_id: str, name: str) -> ConnectedAccount | None:
        """The tenant's account of that id or alias."""
        found = self._named.first({"tenant_id": tenant_id, "name": name})
        return account_of(found[0]) if found else None

    def of_subject(self, connection_id: str, tenant_id: str, subject: str) -> ConnectedAccount | None:
        """The tenant's account of that person behind that connection."""
        query = select(AccountRow).where(
            AccountRow.tenant_id == tenant_id,
            AccountRow.connection_id == connection_id,
            AccountRow.subject == subject,
        )
        row = self._database.read(lambda session: session.exec(query).first())
        return account_of(row) if row else None

    def all(self, tenant_id: str) -> list[ConnectedAccount]:
        """The tenant's accounts, oldest first."""
        query = select(AccountRow).where(AccountRow.tenant_id == tenant_id).order_by(col(AccountRow.id))
        return [account_of(row) for row in self._database.read(lambda session: session.exec(query).all())]

    def connectors(self, tenant_id: str, ids: Ids = None) -> tuple[str, ...]:
        """The connectors that the tenant has accounts of (of `ids` only), by name."""
        statement, values = connectors_of(tenant_id, ids)
        rows = self._database.read(lambda session: session.connection().execute(statement, values).all())
        return tuple(sorted({row[0] for row in rows}))

    def some(
        self, tenant_id: str, connectors: Iterable[str], most: int, ids: Ids = None
    ) -> dict[str, list[ConnectedAccount]]:
        """Of each of these connectors the oldest accounts (of `ids` only), so many at most."""

        def work(session: Session) -> dict[str, list[ConnectedAccount]]:
            found = dict[str, list[ConnectedAccount]]()
            for name in connectors:
                statement, values = of_connector(tenant_id, name, most, ids)
                found[name] = [account_of(row) for row in session.scalars(statement, values)]
            return found

        return self._database.read(work)

    def matching(self, tenant_id: str, query: str | None, most: int, ids: Ids = None) -> Matching:
        """The oldest accounts (of `ids` only) that have a text in id, alias, connector or label, so many at most."""
        mine = seen(tenant_id, ids)
        wanted = mine if query is None else mine & says(query)

        def work(session: Session) -> Matching:
            def count(which: ColumnElement[bool]) -> int:
                counted = select_columns(func.count()).select_from(AccountRow).where(which)
                return session.connection().execute(counted).scalar() or 0

            there = count(mine)
            rows = session.exec(select(AccountRow).where(wanted).order_by(col(AccountRow.id)).limit(most)).all()
            found = there if query is None else count(wanted)
            return Matching([account_of(row) for row in rows], found, there)

        return self._database.read(work)

    def later_consents(self, account: ConnectedAccount, client_id: str, since: datetime | None) -> int:
        """How many consents the same person has given to the same OAuth client since then, in any tenant's account."""
        given = _consents(account.connector, client_id).where(col(AccountRow.subject) == account.subject)
        if since is not None:
            given = given.where(col(GrantRow.consented_at) > since)
        return self._database.read(lambda session: session.connection().execute(given).scalar()) or 0

    def consents(self, key: AccountKey) -> int:
        """How many consents the account has had; 0 where there is no such account."""
        row = self._database.read(lambda session: session.get(GrantRow, tuple(GrantKey(*key))))
        return row.consents if row else 0

    def crowded(self, connector: str, client_id: str, limit: int) -> set[str]:
        """The subjects that have given at least so many consents to this OAuth client, in any tenant's account."""
        many = _consents(connector, client_id).group_by(AccountRow.subject).having(func.sum(GrantRow.consents) >= limit)
        query = many.with_only_columns(col(AccountRow.subject))
        return {row[0] for row in self._database.read(lambda session: session.connection().execute(query).all())}

    def free_alias(self, tenant_id: str, wanted: str) -> str:
        """`wanted`, or the first of `wanted-2`, `wanted-3`, ... that no account of the tenant has."""
        taken = {account.alias for account in self.all(tenant_id)}
        numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
        return next(alias for alias in (wanted, *numbered) if alias not in taken)

    async def rename(self, key: AccountKey, alias: str) -> bool:
        """Give the account another alias; returns whether there is such an account, raises AliasTaken."""
        mine = (col(AccountRow.tenant_id) == key.tenant_id, col(AccountRow.id) == key.account_id)
        change = update(AccountRow).where(*mine).values(alias=alias)
        try:
            return await self._database.write(lambda session: session.exec(change).rowcount == 1)
        except IntegrityError:
            raise AliasTaken(alias) from None

    def tenants(self) -> list[str]:
        """Those that have accounts."""
        return list(self._database.read(lambda session: session.exec(select(AccountRow.tenant_id).distinct()).all()))

    async def block(self, keys: Sequence[AccountKey]) -> None:
        """Mark the accounts as `revoked`, in one transaction: from now on no process uses or renews their grants.

        What is kept of their results goes at once.
        """

        def work(session: Session) -> None:
            for key in keys:
                row = session.get(AccountRow, tuple(key))
                if row is not None:
                    row.state, row.cause = "revoked", "revoked"
                mine = (col(GrantRow.tenant_id) == key.tenant_id, col(GrantRow.account_id) == key.account_id)
                session.exec(update(GrantRow).where(*mine).values(refresh_at=None))
                of_results = (
                    col(KeptResultRow.tenant_id) == key.tenant_id,
                    col(KeptResultRow.account_id) == key.account_id,
                )
                session.exec(delete(KeptResultRow).where(*of_results))

        await self._database.write(work)

    async def empty_log(self) -> bool:
        """Whether nothing is left of removed accounts in the database's log; raises StoreUnavailable."""
        return await self._database.empty_log()

    async def remove(self, key: AccountKey) -> bool:
        """Shred the account: its data key, so that no copy opens any more, its rows, its kept calls and results.

        Its lines of the audit stay, without what its calls said.

        False where there is none.

        The one place where an account ends.
        """

        def work(session: Session) -> bool:
            for table in (GrantRow, OrphanRow, HeldCallRow, KeptResultRow):
                mine = (col(table.tenant_id) == key.tenant_id, col(table.account_id) == key.account_id)
                session.exec(delete(table).where(*mine))
            forget_inputs(session, key)
            forget_answers(session, key.tenant_id)  # some may be of its calls
            destroy(session, *key)
            row = session.get(AccountRow, tuple(key))
            if row is not None:
                session.delete(row)
            return row is not None

        return await self._database.write(work)


def _consents(connector: str, client_id: str) -> Select[int]:
    """The number of consents behind the accounts of all connections with that OAuth client."""
    mine = (col(GrantRow.tenant_id) == AccountRow.tenant_id) & (col(GrantRow.account_id) == AccountRow.id)
    through = (col(ConnectionRow.tenant_id) == AccountRow.tenant_id) & (
        col(ConnectionRow.id) == AccountRow.connection_id
    )
    return (
        select_columns(func.sum(GrantRow.consents))
        .select_from(AccountRow)
        .join(GrantRow, mine)
        .join(ConnectionRow, through)
        .where(col(ConnectionRow.client_id) == client_id, col(AccountRow.connector) == connector)
        .where(col(GrantRow.credential) == DEFAULT_CREDENTIAL)
    )


def _named() -> Select[Any]:
    either = (col(AccountRow.id) == bindparam("name")) | (col(AccountRow.alias) == bindparam("name"))
    return select_columns(AccountRow).where(col(AccountRow.tenant_id) == bindparam("tenant_id"), either)


def account_of(row: AccountRow) -> ConnectedAccount:
    """The row as the rest of the program sees it."""
    return ConnectedAccount(
        id=row.id,
        tenant_id=row.tenant_id,
        connection_id=row.connection_id,
        connector=row.connector,
        alias=row.alias,
        subject=row.subject,
        label=row.label,
        state=cast("AccountState", row.state),
        cause=cast("Cause | None", row.cause),
        scopes_requested=tuple(row.scopes_requested),
        scopes_granted=tuple(row.scopes_granted),
        values=row.values,
        created_at=row.created_at,
        paused=row.paused,
    )


def account_row(account: ConnectedAccount) -> AccountRow:
    """The account as its table keeps it."""
    return AccountRow(
        tenant_id=account.tenant_id,
        id=account.id,
        connection_id=account.connection_id,
        connector=account.connector,
        alias=account.alias,
        subject=account.subject,
        label=account.label,
        state=account.state,
        cause=account.cause,
        scopes_requested=list(account.scopes_requested),
        scopes_granted=list(account.scopes_granted),
        values=dict(account.values),
        created_at=account.created_at,
        paused=account.paused,
    )
