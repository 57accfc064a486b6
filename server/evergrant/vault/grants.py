"""Sealed grants, and the three transactions of an exchange: begin, commit a success, record a failure.

A success commits by generation and is never discarded for being late; a failure commits only by fence, so that the
bad news of an overtaken attempt changes nothing (`docs/explanation/refresh.md`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from evergrant.model.account import AccountKey, Cause, ConnectedAccount
from evergrant.model.event import Event, reauth_completed
from evergrant.model.grant import Grant
from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, GrantRow
from evergrant.vault.accounts import AliasTaken, account_of, account_row
from evergrant.vault.outbox import add_event
from evergrant.vault.seal import Sealer


@dataclass(frozen=True, slots=True)
class Held:
    """An account with the grant that it holds now, and what is known of the attempt to renew it."""

    account: ConnectedAccount
    grant: Grant
    fence: int
    intent_at: datetime | None
    """When an exchange of this very generation was begun whose end is not known."""
    attempts: int
    """Attempts since the last success."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What an exchange brings: a grant, and what its answer says of the account."""

    grant: Grant
    values: Mapping[str, str]
    scopes_granted: tuple[str, ...]


class Grants:
    """Grants by account, sealed with the account, the field and the generation as associated data."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def load(self, key: AccountKey) -> Held | None:
        """The account and its grant, where it is the tenant's."""
        return self._database.read(lambda session: self._held(session, key))

    def due(self, now: datetime, limit: int) -> list[AccountKey]:
        """The accounts of all tenants whose renewal time has come, the longest due first."""
        query = (
            select(GrantRow.tenant_id, GrantRow.account_id)
            .where(col(GrantRow.refresh_at) <= now)
            .order_by(col(GrantRow.refresh_at))
            .limit(limit)
        )
        return [AccountKey(*row) for row in self._database.read(lambda session: session.exec(query).all())]

    def next_due(self) -> datetime | None:
        """When the next account of any tenant is due; None where none ever is."""
        query = select(GrantRow.refresh_at).where(col(GrantRow.refresh_at).is_not(None))
        return self._database.read(
            lambda session: session.exec(query.order_by(col(GrantRow.refresh_at)).limit(1)).first()
        )

    async def connect(self, account: ConnectedAccount, grant: Grant, event: Event | None = None) -> ConnectedAccount:
        """Store a consent: a new account, or a new generation of one that exists under the same id.

        Returns the account as stored. Raises AliasTaken.
        """

        def work(session: Session) -> ConnectedAccount:
            row = session.get(GrantRow, tuple(account.key))
            generation = row.generation + 1 if row else 1
            session.merge(account_row(account))
            session.merge(self._grant_row(account.key, replace(grant, generation=generation), row.fence if row else 0))
            if event:
                add_event(session, event)
            return account

        try:
            return await self._database.write(work)
        except IntegrityError:
            raise AliasTaken(account.alias) from None

    async def begin(self, key: AccountKey, now: datetime, decide: Callable[[Held], bool]) -> tuple[Held | None, bool]:
        """Re-read the account and, where `decide` says so, write the intent to exchange; both in one transaction.

        Returns what was read (with the new fence) and whether the intent was written. An intent of the same
        generation that is still open keeps its time: the earliest moment at which its token may have been spent.
        """

        def work(session: Session) -> tuple[Held | None, bool]:
            held = self._held(session, key)
            if held is None or not decide(held):
                return held, False
            row = session.get_one(GrantRow, tuple(key))
            row.fence += 1
            row.intent_at = held.intent_at or now
            row.intent_generation = row.generation
            session.add(row)
            return replace(held, fence=row.fence), True

        return await self._database.write(work)

    async def commit(self, held: Held, renewed: Renewed) -> Held | None:
        """Store the successor of `held.grant`, whoever else has tried meanwhile; returns what is stored afterwards.

        Nothing is overwritten where the generation has moved: a newer consent or another process's success stands.
        A grant that was declared dead meanwhile lives again, and that is told too.
        """
        key = held.account.key

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(key))
            if row is not None and row.generation == held.grant.generation:
                session.merge(self._grant_row(key, renewed.grant, row.fence))
                account = session.get_one(AccountRow, tuple(key))
                account.values, account.scopes_granted = dict(renewed.values), list(renewed.scopes_granted)
                if account.state == "reauth_required":
                    account.state, account.cause = "active", None
                    add_event(session, reauth_completed(held.account, renewed.grant.issued_at))
                session.flush()
            return self._held(session, key)

        return await self._database.write(work)

    async def fail(self, held: Held, error: str, refresh_at: datetime | None, *, may_be_spent: bool) -> Held | None:
        """Record a failure that says nothing about the grant; the intent stays open where the token may be spent."""

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(held.account.key))
            if row is not None and (row.generation, row.fence) == (held.grant.generation, held.fence):
                row.attempts, row.last_error, row.refresh_at = row.attempts + 1, error, refresh_at
                if not may_be_spent and held.intent_at is None:
                    row.intent_generation = row.intent_at = None
                session.add(row)
                session.flush()
            return self._held(session, held.account.key)

        return await self._database.write(work)

    async def put_off(self, key: AccountKey, now: datetime, refresh_at: datetime) -> None:
        """Look at an account that is due now again at another time."""

        def work(session: Session) -> None:
            row = session.get(GrantRow, tuple(key))
            if row is not None and row.refresh_at is not None and row.refresh_at <= now:
                row.refresh_at = refresh_at
                session.add(row)

        await self._database.write(work)

    async def bury(self, held: Held, cause: Cause, event: Event) -> Held | None:
        """Mark the grant dead and write its event in one transaction, where this attempt is still the latest."""

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(held.account.key))
            if row is not None and (row.generation, row.fence) == (held.grant.generation, held.fence):
                account = session.get_one(AccountRow, tuple(held.account.key))
                account.state, account.cause = "reauth_required", cause
                row.refresh_at = row.intent_generation = row.intent_at = None
                session.add_all([row, account])
                add_event(session, event)
                session.flush()
            return self._held(session, held.account.key)

        return await self._database.write(work)

    def _held(self, session: Session, key: AccountKey) -> Held | None:
        mine = (AccountRow.tenant_id == key.tenant_id, AccountRow.id == key.account_id)
        joined = (col(GrantRow.tenant_id) == AccountRow.tenant_id) & (col(GrantRow.account_id) == AccountRow.id)
        found = session.exec(select(AccountRow, GrantRow).join(GrantRow, joined).where(*mine)).first()
        if found is None:
            return None
        account, row = found
        open_intent = row.intent_generation == row.generation
        return Held(
            account_of(account), self._grant(row), row.fence, row.intent_at if open_intent else None, row.attempts
        )

    def _grant(self, row: GrantRow) -> Grant:
        place = (row.tenant_id, row.account_id)
        sealed = row.refresh_token
        return Grant(
            generation=row.generation,
            access_token=self._sealer.open(row.access_token, *place, "access_token", row.generation),
            refresh_token=self._sealer.open(sealed, *place, "refresh_token", row.generation) if sealed else None,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            refresh_at=row.refresh_at,
        )

    def _grant_row(self, key: AccountKey, grant: Grant, fence: int) -> GrantRow:
        return GrantRow(
            tenant_id=key.tenant_id,
            account_id=key.account_id,
            generation=grant.generation,
            access_token=self._seal(grant.access_token, key, "access_token", grant.generation),
            refresh_token=self._seal(grant.refresh_token, key, "refresh_token", grant.generation)
            if grant.refresh_token
            else None,
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
            refresh_at=grant.refresh_at,
            fence=fence,
        )

    def _seal(self, secret: Secret, key: AccountKey, field: str, generation: int) -> bytes:
        return self._sealer.seal(secret, *key, field, generation)
