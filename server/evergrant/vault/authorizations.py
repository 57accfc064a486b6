"""Consents in flight: single use, short-lived, found only by the hash of their state."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlmodel import Session, col, delete, select, update

from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AuthorizationRow
from evergrant.vault.seal import Sealer

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

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def add(self, authorization: Authorization, state: Secret) -> None:
        """Store a new one under its state, and forget those that ended more than a day ago."""
        row = AuthorizationRow(
            tenant_id=authorization.tenant_id,
            id=authorization.id,
            connection_id=authorization.connection_id,
            connector=authorization.connector,
            account_id=authorization.account_id,
            alias=authorization.alias,
            state_hash=_hash(state),
            code_verifier=self._sealer.seal(authorization.code_verifier, *_place(authorization)),
            redirect_uri=authorization.redirect_uri,
            scopes=list(authorization.scopes),
            values=authorization.values,
            status=authorization.status,
            created_at=authorization.created_at,
            expires_at=authorization.expires_at,
        )
        before = authorization.created_at - KEPT

        def work(session: Session) -> None:
            session.exec(delete(AuthorizationRow).where(col(AuthorizationRow.expires_at) < before))
            session.add(row)

        await self._database.write(work)

    def get(self, tenant_id: str, authorization_id: str) -> Authorization | None:
        """The tenant's authorization of that id."""
        found = self._database.read(lambda session: session.get(AuthorizationRow, (tenant_id, authorization_id)))
        return self._opened(found) if found else None

    def with_state(self, state: Secret) -> Authorization | None:
        """The one that was begun with this state, whatever has become of it."""
        query = select(AuthorizationRow).where(AuthorizationRow.state_hash == _hash(state))
        row = self._database.read(lambda session: session.exec(query).first())
        return self._opened(row) if row else None

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

    def _opened(self, row: AuthorizationRow) -> Authorization:
        return Authorization(
            id=row.id,
            tenant_id=row.tenant_id,
            connection_id=row.connection_id,
            connector=row.connector,
            account_id=row.account_id,
            alias=row.alias,
            code_verifier=self._sealer.open(row.code_verifier, row.tenant_id, row.id, "code_verifier"),
            redirect_uri=row.redirect_uri,
            scopes=tuple(row.scopes),
            values=row.values,
            status=cast("Status", row.status),
            detail=row.detail,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


def _place(authorization: Authorization) -> tuple[str, str, str]:
    return (authorization.tenant_id, authorization.id, "code_verifier")


def _hash(state: Secret) -> str:
    return hashlib.sha256(state.reveal().encode()).hexdigest()
