"""Consents in flight: single use, short-lived, found only by the hash of their state."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlmodel import Session, col, delete, select, update

from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AuthorizationRow
from evergrant.vault.data_keys import DataKeys, Owner

FIELD = "code_verifier"
KEPT = timedelta(days=1)
"""How long one that has ended can still be told from one that never was."""
Status = Literal["pending", "taken", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Authorization:
    """One consent: who asked, for what, and where the answer comes back to (RFC 6749 4.1, RFC 7636)."""

    id: str
    tenant_id: str
    connection_id: str
    connector: str
    account_id: str | None
    """The account to renew; None connects a new one."""
    alias: str
    code_verifier: Secret
    redirect_uri: str
    scopes: tuple[str, ...]
    values: dict[str, str]
    status: Status
    detail: str | None
    """The account that came of it, or what went wrong, in words."""
    created_at: datetime
    expires_at: datetime


class Authorizations:
    """Authorizations by tenant; the state is kept as a hash, the verifier sealed."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def add(self, authorization: Authorization, state: Secret) -> None:
        """Store a new one under its state, and forget those that ended more than a day ago."""
        before = authorization.created_at - KEPT

        def work(session: Session) -> None:
            session.exec(delete(AuthorizationRow).where(col(AuthorizationRow.expires_at) < before))
            session.add(self._row(session, authorization, state))

        await self._database.write(work)

    def _row(self, session: Session, authorization: Authorization, state: Secret) -> AuthorizationRow:
        fields = self._keys.made_for(session, _owner(authorization))
        return AuthorizationRow(
            tenant_id=authorization.tenant_id,
            id=authorization.id,
            connection_id=authorization.connection_id,
            connector=authorization.connector,
            account_id=authorization.account_id,
            alias=authorization.alias,
            state_hash=_hash(state),
            code_verifier=fields.seal(authorization.code_verifier, authorization.id, FIELD),
            redirect_uri=authorization.redirect_uri,
            scopes=list(authorization.scopes),
            values=authorization.values,
            status=authorization.status,
            created_at=authorization.created_at,
            expires_at=authorization.expires_at,
        )

    def get(self, tenant_id: str, authorization_id: str) -> Authorization | None:
        """The tenant's authorization of that id."""

        def work(session: Session) -> Authorization | None:
            return self._opened(session, session.get(AuthorizationRow, (tenant_id, authorization_id)))

        return self._database.read(work)

    def with_state(self, state: Secret) -> Authorization | None:
        """The one that was begun with this state, whatever has become of it."""
        query = select(AuthorizationRow).where(AuthorizationRow.state_hash == _hash(state))
        return self._database.read(lambda session: self._opened(session, session.exec(query).first()))

    async def take(self, authorization: Authorization) -> bool:
        """Whether it was still pending and is now ours to finish: true for one caller only."""
        return await self._move(authorization, "pending", "taken", None)

    async def finish(self, authorization: Authorization, status: Status, detail: str) -> None:
        """Say what came of one that was taken."""
        await self._move(authorization, "taken", status, detail)

    async def cancel(self, authorization: Authorization, detail: str) -> bool:
        """Whether it was still pending and will now never be finished."""
        return await self._move(authorization, "pending", "cancelled", detail)

    async def _move(self, authorization: Authorization, before: Status, after: Status, detail: str | None) -> bool:
        change = (
            update(AuthorizationRow)
            .where(
                col(AuthorizationRow.tenant_id) == authorization.tenant_id,
                col(AuthorizationRow.id) == authorization.id,
                col(AuthorizationRow.status) == before,
            )
            .values(status=after, detail=detail)
        )
        return await self._database.write(lambda session: session.exec(change).rowcount == 1)

    def _opened(self, session: Session, row: AuthorizationRow | None) -> Authorization | None:
        if row is None:
            return None
        fields = self._keys.of(session, _owner(row))
        return Authorization(
            id=row.id,
            tenant_id=row.tenant_id,
            connection_id=row.connection_id,
            connector=row.connector,
            account_id=row.account_id,
            alias=row.alias,
            code_verifier=fields.open(row.code_verifier, row.id, FIELD),
            redirect_uri=row.redirect_uri,
            scopes=tuple(row.scopes),
            values=row.values,
            status=cast("Status", row.status),
            detail=row.detail,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


def _owner(authorization: Authorization | AuthorizationRow) -> Owner:
    """A consent is sealed with its connection's data key: it is as short-lived as it is secret."""
    return Owner(authorization.tenant_id, authorization.connection_id, authorization.connector)


def _hash(state: Secret) -> str:
    return hashlib.sha256(state.reveal().encode()).hexdigest()
