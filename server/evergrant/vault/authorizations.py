"""Consents in flight: single use, short-lived, found only by the hash of their state."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy.sql.dml import Update
from sqlmodel import Session, and_, col, delete, or_, select, update

from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AuthorizationRow
from evergrant.vault.data_keys import DataKeys, Owner

FIELD = "code_verifier"
CODE = "code"
KEPT = timedelta(days=1)
"""How long one that has ended can still be told from one that never was."""
Status = Literal["pending", "awaiting", "taken", "done", "failed", "other_person", "denied", "cancelled"]
"""`awaiting`: the provider has answered, and the tenant's back end is to say that the person is the right one."""
UNDER_WAY = ("awaiting", "taken")


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
    link_hash: str | None = None
    """The link whose page it was begun at."""
    browser_hash: str | None = None
    """The browser that proved itself and alone may bring the answer; None where whoever began it brings it."""
    needs_confirmation: bool = False
    """Whether the tenant's back end has the last word."""


class Authorizations:
    """Authorizations by tenant; the state is kept as a hash, the verifier and the code sealed."""

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
            state_hash=hash_of(state),
            code_verifier=fields.seal(authorization.code_verifier, authorization.id, FIELD),
            redirect_uri=authorization.redirect_uri,
            scopes=list(authorization.scopes),
            values=authorization.values,
            link_hash=authorization.link_hash,
            browser_hash=authorization.browser_hash,
            needs_confirmation=authorization.needs_confirmation,
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
        query = select(AuthorizationRow).where(AuthorizationRow.state_hash == hash_of(state))
        return self._database.read(lambda session: self._opened(session, session.exec(query).first()))

    def of_link(self, tenant_id: str, link_hash: str) -> Sequence[Authorization]:
        """Those that were begun from one link, oldest first."""
        mine = (AuthorizationRow.tenant_id == tenant_id, AuthorizationRow.link_hash == link_hash)
        query = select(AuthorizationRow).where(*mine).order_by(col(AuthorizationRow.id))

        def work(session: Session) -> list[Authorization]:
            found = (self._opened(session, row) for row in session.exec(query).all())
            return [authorization for authorization in found if authorization]

        return self._database.read(work)

    async def take(self, authorization: Authorization) -> bool:
        """Whether it was still pending and is now ours to finish: true for one caller only, and one of its link."""

        def work(session: Session) -> bool:
            return not _overtaken(session, authorization) and _moved(session, authorization, "pending", "taken", None)

        return await self._database.write(work)

    async def hold(self, authorization: Authorization, code: Secret) -> bool:
        """Whether it was still pending and now keeps its code, sealed, for the word of the tenant's back end."""

        def work(session: Session) -> bool:
            if _overtaken(session, authorization) or not _moved(session, authorization, "pending", "awaiting", None):
                return False
            row = session.get_one(AuthorizationRow, (authorization.tenant_id, authorization.id))
            row.code = self._keys.of(session, _owner(row)).seal(code, row.id, CODE)
            session.add(row)
            return True

        return await self._database.write(work)

    async def release(self, authorization: Authorization) -> Secret | None:
        """The code that it kept, which is then forgotten here: for one caller only; None for all others."""

        def work(session: Session) -> Secret | None:
            row = session.get(AuthorizationRow, (authorization.tenant_id, authorization.id))
            if row is None or row.status != "awaiting" or row.code is None:
                return None
            code = self._keys.of(session, _owner(row)).open(row.code, row.id, CODE)
            row.status, row.code = "taken", None
            session.add(row)
            return code

        return await self._database.write(work)

    async def deny(self, authorization: Authorization, detail: str) -> bool:
        """Whether it kept a code, which is forgotten now."""
        change = _change(authorization, "awaiting").values(status="denied", detail=detail, code=None)
        return await self._database.write(lambda session: session.exec(change).rowcount == 1)

    async def forget_codes(self, now: datetime, detail: str) -> int:
        """Forget the codes that nobody confirmed in time; returns how many. Writes only where there are some."""
        late = (col(AuthorizationRow.status) == "awaiting", col(AuthorizationRow.expires_at) <= now)
        query = select(AuthorizationRow.id).where(*late).limit(1)
        if self._database.read(lambda session: session.exec(query).first()) is None:
            return 0
        change = update(AuthorizationRow).where(*late).values(status="failed", detail=detail, code=None)
        return await self._database.write(lambda session: session.exec(change).rowcount)

    async def finish(self, authorization: Authorization, status: Status, detail: str) -> None:
        """Say what came of one that was taken."""
        await self._move(authorization, "taken", status, detail)

    async def cancel(self, authorization: Authorization, detail: str) -> bool:
        """Whether it was still pending and will now never be finished; nor will another of its link."""
        return await self._move(authorization, "pending", "cancelled", detail)

    async def _move(self, authorization: Authorization, before: Status, after: Status, detail: str | None) -> bool:
        return await self._database.write(lambda session: _moved(session, authorization, before, after, detail))

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
            link_hash=row.link_hash,
            browser_hash=row.browser_hash,
            needs_confirmation=row.needs_confirmation,
        )


def closes(authorization: Authorization, account_id: str | None) -> bool:
    """Whether its link, made for that account, leads nowhere any more.

    One that a person began anew, as a new account, has not done what a link for another account is for.
    """
    done = authorization.status == "done" and authorization.account_id == account_id
    return done or authorization.status == "cancelled"


def _change(authorization: Authorization, before: Status) -> Update:
    return update(AuthorizationRow).where(
        col(AuthorizationRow.tenant_id) == authorization.tenant_id,
        col(AuthorizationRow.id) == authorization.id,
        col(AuthorizationRow.status) == before,
    )


def _moved(session: Session, authorization: Authorization, before: Status, after: Status, detail: str | None) -> bool:
    return session.exec(_change(authorization, before).values(status=after, detail=detail)).rowcount == 1


def _overtaken(session: Session, authorization: Authorization) -> bool:
    """Whether another consent of the same link is further on, or the link was cancelled."""
    if authorization.link_hash is None:
        return False
    status, same = col(AuthorizationRow.status), AuthorizationRow.account_id == authorization.account_id
    alive = col(AuthorizationRow.expires_at) > authorization.created_at  # not left behind by a process that died
    query = select(AuthorizationRow.id).where(
        AuthorizationRow.tenant_id == authorization.tenant_id,
        AuthorizationRow.link_hash == authorization.link_hash,
        AuthorizationRow.id != authorization.id,
        or_(status == "cancelled", and_(same, or_(status == "done", and_(alive, status.in_(UNDER_WAY))))),
    )
    return session.exec(query).first() is not None


def _owner(authorization: Authorization | AuthorizationRow) -> Owner:
    """A consent is sealed with its connection's data key: it is as short-lived as it is secret."""
    return Owner(authorization.tenant_id, authorization.connection_id, authorization.connector)


def hash_of(secret: Secret) -> str:
    """How a state or a browser is known to the database."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()
