"""The tenants' OAuth clients."""

from sqlmodel import Session, col, delete, select

from evergrant.model.account import Connection
from evergrant.model.event import Event
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, AuthorizationRow, ConnectionRow
from evergrant.vault.data_keys import DataKeys, Owner, destroy
from evergrant.vault.outbox import add_event

FIELD = "client_secret"


class ConnectionInUse(Exception):
    """Accounts are connected through this connection; the message counts them."""


class Connections:
    """Connections by tenant; client secrets are sealed."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def put(self, connection: Connection) -> None:
        """Store the connection; one of the same tenant and connector is replaced and keeps its id and accounts."""

        def work(session: Session) -> None:
            row = _of_connector(session, connection.tenant_id, connection.connector)
            session.merge(self._row(session, connection, row.id if row else connection.id))

        await self._database.write(work)

    def find(self, tenant_id: str, connector: str) -> Connection | None:
        """The tenant's connection for a connector."""
        return self._database.read(lambda session: self._opened(session, _of_connector(session, tenant_id, connector)))

    def by_id(self, tenant_id: str, connection_id: str) -> Connection | None:
        """The connection of that id, where it is the tenant's."""
        return self._database.read(
            lambda session: self._opened(session, session.get(ConnectionRow, (tenant_id, connection_id)))
        )

    def all(self, tenant_id: str) -> list[Connection]:
        """The tenant's connections, by connector."""

        def work(session: Session) -> list[Connection]:
            rows = session.exec(select(ConnectionRow).where(ConnectionRow.tenant_id == tenant_id)).all()
            found = (self._opened(session, row) for row in sorted(rows, key=lambda row: row.connector))
            return [connection for connection in found if connection]

        return self._database.read(work)

    async def set_fault(self, connection: Connection, fault: str | None, event: Event) -> bool:
        """Whether the connection's fault is news: then it is stored and its event written, in one transaction."""

        def work(session: Session) -> bool:
            row = session.get(ConnectionRow, (connection.tenant_id, connection.id))
            if row is None or row.fault == fault:
                return False
            row.fault = fault
            session.add(row)
            add_event(session, event)
            return True

        return await self._database.write(work)

    async def remove(self, tenant_id: str, connector: str) -> bool:
        """Whether there was one to remove; raises ConnectionInUse while accounts depend on it."""

        def work(session: Session) -> bool:
            row = _of_connector(session, tenant_id, connector)
            if row is None:
                return False
            mine = (AccountRow.tenant_id == tenant_id, AccountRow.connection_id == row.id)
            if aliases := [account.alias for account in session.exec(select(AccountRow).where(*mine)).all()]:
                raise ConnectionInUse(", ".join(aliases))
            session.delete(row)
            _forget_consents(session, tenant_id, row.id)
            destroy(session, tenant_id, row.id)
            return True

        return await self._database.write(work)

    def _row(self, session: Session, connection: Connection, row_id: str) -> ConnectionRow:
        secret = connection.client_secret
        fields = self._keys.made_for(session, Owner(connection.tenant_id, row_id, connection.connector))
        return ConnectionRow(
            tenant_id=connection.tenant_id,
            id=row_id,
            connector=connection.connector,
            client_id=connection.client_id,
            client_secret=fields.seal(secret, FIELD) if secret else None,
            redirect_uri=connection.redirect_uri,
            scopes=list(connection.scopes),
            created_at=connection.created_at,
        )

    def _opened(self, session: Session, row: ConnectionRow | None) -> Connection | None:
        if row is None:
            return None
        sealed = row.client_secret
        fields = self._keys.of(session, Owner(row.tenant_id, row.id, row.connector))
        return Connection(
            id=row.id,
            tenant_id=row.tenant_id,
            connector=row.connector,
            client_id=row.client_id,
            client_secret=fields.open(sealed, FIELD) if sealed else None,
            redirect_uri=row.redirect_uri,
            scopes=tuple(row.scopes),
            created_at=row.created_at,
            fault=row.fault,
        )


def _forget_consents(session: Session, tenant_id: str, connection_id: str) -> None:
    """Those in flight: their verifiers are sealed with the connection's data key, which goes."""
    mine = (col(AuthorizationRow.tenant_id) == tenant_id, col(AuthorizationRow.connection_id) == connection_id)
    session.exec(delete(AuthorizationRow).where(*mine))


def _of_connector(session: Session, tenant_id: str, connector: str) -> ConnectionRow | None:
    mine = (ConnectionRow.tenant_id == tenant_id, ConnectionRow.connector == connector)
    return session.exec(select(ConnectionRow).where(*mine)).first()
