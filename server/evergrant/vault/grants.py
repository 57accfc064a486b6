"""Sealed grants, and the three transactions of an exchange: begin, commit a success, record a failure.

A success commits by generation and is never discarded for being late; a failure commits only by fence, so that the
bad news of an overtaken attempt changes nothing (`docs/explanation/refresh.md`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from evergrant.model.account import DEFAULT_CREDENTIAL, AccountKey, Cause, ConnectedAccount, GrantKey
from evergrant.model.event import Event, reauth_completed, refresh_recovered
from evergrant.model.failpoint import FailPoint, nothing
from evergrant.model.grant import Grant
from evergrant.store.database import Database
from evergrant.store.lookup import Lookup
from evergrant.store.tables import AccountRow, DataKeyRow, GrantRow, OrphanRow
from evergrant.vault.accounts import AliasTaken, account_row
from evergrant.vault.data_keys import DataKeys
from evergrant.vault.held import Found, Held, Renewed, Rows, held_query, named_query
from evergrant.vault.outbox import add_event

__all__ = ["Grants", "Held", "Renewed"]


class Grants:
    """Grants by account, sealed with the account, the field and the generation as associated data."""

    def __init__(self, database: Database, keys: DataKeys, failpoint: FailPoint = nothing) -> None:
        self._database = database
        self._failpoint = failpoint
        self._rows = Rows(keys)
        self._stored = Lookup[Found](database, held_query(), AccountRow, GrantRow, DataKeyRow)
        self._named = Lookup[Found](database, named_query(), AccountRow, GrantRow, DataKeyRow)

    def load(self, key: GrantKey) -> Held | None:
        """The account and its grant, where it is the tenant's."""
        return self._rows.opened(self._stored.first(key._asdict()))

    def named(self, tenant_id: str, name: str) -> Held | None:
        """The tenant's account of that id or alias, and its first credential's grant; raises SealBroken."""
        return self._rows.opened(self._named.first(GrantKey(tenant_id, name)._asdict()))

    def of_account(self, key: AccountKey) -> list[Held]:
        """All grants of the tenant's account, by the name of the credential."""
        mine = (GrantRow.tenant_id == key.tenant_id, GrantRow.account_id == key.account_id)
        query = select(GrantRow.credential).where(*mine).order_by(col(GrantRow.credential))

        def work(session: Session) -> list[Held]:
            found = (self._rows.held(session, GrantKey(*key, name)) for name in session.exec(query).all())
            return [held for held in found if held]

        return self._database.read(work)

    def orphans_of(self, key: AccountKey) -> list[Grant]:
        """The successes of the tenant's account that came late and were kept beside its grants."""
        query = select(OrphanRow).where(OrphanRow.tenant_id == key.tenant_id, OrphanRow.account_id == key.account_id)

        def opened(session: Session, row: OrphanRow) -> Grant:
            return self._rows.adopted(session, GrantKey(*key, row.credential), row, row.generation, row.issued_at)

        return self._database.read(lambda session: [opened(session, row) for row in session.exec(query).all()])

    async def connect(
        self,
        account: ConnectedAccount,
        grant: Grant,
        event: Event | None = None,
        further: Mapping[str, Grant] = MappingProxyType({}),
    ) -> ConnectedAccount:
        """Store a consent: a new account, or a new generation of one that exists under the same id.

        `event` is written where the account is found dead, so that of two consents at once only one tells that it
        lives again. `further` are the grants of its other credentials by name; a former one that the consent did not
        bring again stays if it lives. Returns the account as stored. Raises AliasTaken.
        """

        def work(session: Session) -> ConnectedAccount:
            former = session.get(AccountRow, tuple(account.key))
            was_dead = former is not None and former.state == "reauth_required"
            # A consent is its person's word, a pause its operator's: the one does not lift the other.
            stored = replace(account, paused=former is not None and former.paused)
            session.merge(account_row(stored))
            for credential, issued in {DEFAULT_CREDENTIAL: grant, **further}.items():
                session.merge(self._rows.consent(session, account, credential, issued))
                _forget_orphan(session, GrantKey(*account.key, credential))
            _forget_dead(session, account.key)
            if event and was_dead:
                add_event(session, event)
            return stored

        try:
            return await self._database.write(work)
        except IntegrityError:
            raise AliasTaken(account.alias) from None

    async def begin(self, key: GrantKey, now: datetime, decide: Callable[[Held], bool]) -> tuple[Held | None, bool]:
        """Re-read the account and, where `decide` says so, write the intent to exchange; both in one transaction.

        Returns what was read (with the new fence) and whether the intent was written. An intent of the same
        generation that is still open keeps its time: the earliest moment at which its token may have been spent.
        """

        def work(session: Session) -> tuple[Held | None, bool]:
            held = self._rows.held(session, key)
            if held is None or not decide(held):
                return held, False
            row = session.get_one(GrantRow, tuple(key))
            row.fence += 1
            row.intent_at, row.sent_at = held.intent_at or now, now
            row.intent_generation = row.generation
            session.add(row)
            session.flush()
            self._failpoint("intent_uncommitted")
            return replace(held, fence=row.fence), True

        return await self._database.write(work)

    async def commit(
        self, held: Held, renewed: Renewed, not_before: datetime | None = None, end_near: Event | None = None
    ) -> Held | None:
        """Store the successor of `held.grant`, whoever else has tried meanwhile; returns what is stored afterwards.

        Where the generation has moved, another process's success stands, and this one is kept beside it as an
        orphan, unless a person has consented anew since. A grant that was declared dead meanwhile lives again, and
        that is told too, as is the end of failures that were told. `end_near` is told once for a consent.
        """
        key = held.key

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(key))
            if row is None:
                return None
            if row.generation == held.grant.generation:
                if row.failing:
                    add_event(session, refresh_recovered(held.account, renewed.grant.issued_at))
                successor = self._rows.successor(session, key, renewed.grant, row, not_before)
                if end_near and not successor.end_told:
                    successor.end_told = True
                    add_event(session, end_near)
                session.merge(successor)
                _revive(session, held, renewed)
                _forget_orphan(session, key)
            elif renewed.grant.issued_at >= row.consented_at:
                session.merge(self._rows.orphan(session, key, renewed.grant))
            session.flush()
            self._failpoint("success_uncommitted")
            return self._rows.held(session, key)

        return await self._database.write(work)

    async def adopt_orphan(self, held: Held, now: datetime) -> Held | None:
        """Put a kept success in the place of a generation that the provider has refused; None where there is none."""
        key = held.key

        def work(session: Session) -> Held | None:
            row, orphan = session.get(GrantRow, tuple(key)), session.get(OrphanRow, tuple(key))
            if row is None or orphan is None or row.generation != held.grant.generation:
                return None
            adopted = self._rows.adopted(session, key, orphan, row.generation + 1, now)
            session.merge(self._rows.successor(session, key, adopted, row, None))
            session.delete(orphan)
            session.flush()
            return self._rows.held(session, key)

        return await self._database.write(work)

    async def set_end(self, held: Held, known: Grant) -> Held | None:
        """Store what was learnt of a token's end, where it is still the one that is held."""
        key = held.key

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(key))
            if row is not None and row.generation == known.generation:
                row.expires_at, row.refresh_at, row.renew_from = known.expires_at, known.refresh_at, known.renew_from
                session.add(row)
                session.flush()
            return self._rows.held(session, key)

        return await self._database.write(work)

    async def exercised(self, held: Held, refresh_at: datetime | None) -> Held | None:
        """Record that the provider calls the access token good: nothing was spent, so the intent is taken back."""

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(held.key))
            if row is not None and (row.generation, row.fence) == (held.grant.generation, held.fence):
                row.intent_generation = row.intent_at = row.sent_at = row.last_error = None
                row.attempts, row.refresh_at = 0, refresh_at
                session.add(row)
                session.flush()
            return self._rows.held(session, held.key)

        return await self._database.write(work)

    async def fail(
        self,
        held: Held,
        error: str,
        refresh_at: datetime | None,
        *,
        may_be_spent: bool,
        not_before: datetime | None = None,
        event: Event | None = None,
    ) -> Held | None:
        """Record a failure that says nothing about the grant; the intent stays open where the token may be spent.

        `not_before` is the provider's own Retry-After: no call's need goes over it. The event is told once, until an
        exchange succeeds.
        """

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(held.key))
            if row is not None and (row.generation, row.fence) == (held.grant.generation, held.fence):
                row.attempts, row.last_error, row.refresh_at = row.attempts + 1, error, refresh_at
                row.not_before = max((time for time in (row.not_before, not_before) if time), default=None)
                if not may_be_spent and held.intent_at is None:
                    row.intent_generation = row.intent_at = row.sent_at = None
                if event and not row.failing:
                    row.failing = True
                    add_event(session, event)
                session.add(row)
                session.flush()
            return self._rows.held(session, held.key)

        return await self._database.write(work)

    async def tell_failing(self, held: Held, event: Event) -> None:
        """Write that calls wait for the provider, where that was not told yet and is still so."""

        def work(session: Session) -> None:
            row = session.get(GrantRow, tuple(held.key))
            if row is not None and row.generation == held.grant.generation and not row.failing:
                row.failing = True
                session.add(row)
                add_event(session, event)

        await self._database.write(work)

    async def withdraw(self, held: Held) -> None:
        """Take an intent back of which nothing was sent, where it is still the latest."""

        def work(session: Session) -> None:
            row = session.get(GrantRow, tuple(held.key))
            mine = row is not None and (row.generation, row.fence) == (held.grant.generation, held.fence)
            if row is not None and mine and held.intent_at is None:
                row.intent_generation = row.intent_at = row.sent_at = None
                session.add(row)

        await self._database.write(work)

    async def bury(self, held: Held, cause: Cause, event: Event) -> Held | None:
        """Mark the grant dead and write its event in one transaction, where this attempt is still the latest."""

        def work(session: Session) -> Held | None:
            row = session.get(GrantRow, tuple(held.key))
            if row is not None and (row.generation, row.fence) == (held.grant.generation, held.fence):
                account = session.get_one(AccountRow, tuple(held.account.key))
                account.state, account.cause = "reauth_required", cause
                row.dead, row.refresh_at, row.intent_generation, row.intent_at = True, None, None, None
                session.add_all([row, account])
                add_event(session, event)
                session.flush()
            return self._rows.held(session, held.key)

        return await self._database.write(work)


def _revive(session: Session, held: Held, renewed: Renewed) -> None:
    account = session.get_one(AccountRow, tuple(held.account.key))
    account.values, account.scopes_granted = dict(renewed.values), list(renewed.scopes_granted)
    if account.state == "reauth_required" and not _dead(session, held.account.key):
        account.state, account.cause = "active", None
        add_event(session, reauth_completed(held.account, renewed.grant.issued_at))


def _dead(session: Session, key: AccountKey) -> Sequence[GrantRow]:
    mine = (GrantRow.tenant_id == key.tenant_id, GrantRow.account_id == key.account_id)
    return session.exec(select(GrantRow).where(*mine, col(GrantRow.dead))).all()


def _forget_dead(session: Session, key: AccountKey) -> None:
    session.flush()
    for row in _dead(session, key):
        session.delete(row)


def _forget_orphan(session: Session, key: GrantKey) -> None:
    if orphan := session.get(OrphanRow, tuple(key)):
        session.delete(orphan)
