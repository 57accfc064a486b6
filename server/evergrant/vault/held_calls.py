"""Kept tool calls: input and outcome sealed with the account's data key, and the moves between their states."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, delete, or_, select, update

from evergrant.model.account import AccountKey
from evergrant.model.event import Event
from evergrant.model.held_call import CallStatus, HeldCall
from evergrant.model.outcome import Outcome, Result
from evergrant.model.outcome_text import to_text
from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, HeldCallRow
from evergrant.vault.call_rows import (
    INPUT,
    KEPT,
    OUTCOME,
    as_it_stands,
    at_end,
    call_of,
    grant_lives,
    is_undecided,
    row_of,
    waits,
    waits_of,
)
from evergrant.vault.data_keys import DataKeys, Owner
from evergrant.vault.outbox import add_event

__all__ = ["KEPT", "KeptCalls"]


class KeptCalls:
    """Calls by tenant. A move says whether it was made: of two at once only one is."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def add(self, call: HeldCall, most: int, event: Event | None = None) -> bool:
        """Keep a call, and write the event that tells of it, or say False where so many calls of its account wait
        already, or the account is gone."""

        def work(session: Session) -> bool:
            account = session.get(AccountRow, tuple(call.account_key))
            if account is None or _waiting_of(session, call.account_key) >= most:
                return False
            fields = self._keys.of(session, _owner(account))
            session.add(row_of(call, fields.seal(Secret(json.dumps(call.tool_input)), call.id, INPUT)))
            if event is not None:
                add_event(session, event)
            return True

        return await self._database.write(work)

    def get(self, tenant_id: str, call_id: str) -> HeldCall | None:
        """The tenant's call of that id, with its input or its outcome; raises SealBroken."""
        return self._database.read(
            lambda session: self._opened(session, session.get(HeldCallRow, (tenant_id, call_id)))
        )

    def listed(
        self, tenant_id: str, account_id: str | None = None, *, ended: bool = False, limit: int = 1000
    ) -> list[HeldCall]:
        """The tenant's calls that wait or run, and with `ended` all, newest first; without inputs and outcomes."""
        accounts = None if account_id is None else [account_id]
        return self.before(tenant_id, None, limit, accounts=accounts, ended=ended)

    def before(
        self,
        tenant_id: str,
        call_id: str | None,
        limit: int,
        *,
        accounts: Collection[str] | None = None,
        ended: bool = False,
    ) -> list[HeldCall]:
        """So many at most of the calls of these accounts (None is all) that wait or run, with `ended` all, newest
        first, that are older than one of them; without inputs and outcomes."""
        query = select(HeldCallRow).where(col(HeldCallRow.tenant_id) == tenant_id)
        if call_id is not None:
            query = query.where(col(HeldCallRow.id) < call_id)
        if accounts is not None:
            query = query.where(col(HeldCallRow.account_id).in_(sorted(accounts)))
        if not ended:
            query = query.where(col(HeldCallRow.status).in_(("waiting", "running")))
        query = query.order_by(col(HeldCallRow.id).desc()).limit(limit)
        return [call_of(row) for row in self._database.read(lambda session: session.exec(query).all())]

    def same_read(self, call: HeldCall, since: datetime) -> str | None:
        """The id of a read that waits since then or later and asks for the very same as `call`.

        Found by opening, since a fingerprint of an input would tell whoever reads the file what was guessed right.
        """
        query = select(HeldCallRow).where(
            *waits_of(call.account_key),
            col(HeldCallRow.effect) == "read",
            col(HeldCallRow.tool_name) == call.tool_name,
            col(HeldCallRow.created_at) >= since,
        )

        def work(session: Session) -> str | None:
            found = (self._opened(session, row) for row in session.exec(query).all())
            return next((each.id for each in found if each and each.tool_input == call.tool_input), None)

        return self._database.read(work)

    def ready(self, tenant_id: str, call_id: str) -> bool:
        """Whether nothing is to be waited for: it needs no approval more and its grant lives, or it no longer waits."""
        hindered = or_(is_undecided(), ~grant_lives())
        query = select(HeldCallRow.id).where(*waits(tenant_id, call_id), hindered)
        return self._database.read(lambda session: session.exec(query).first()) is None

    def decided(self, tenant_id: str, call_id: str) -> bool:
        """Whether no approval is waited for, since there is one, or it no longer waits, or it is not there."""
        query = select(HeldCallRow.id).where(*waits(tenant_id, call_id), is_undecided())
        return self._database.read(lambda session: session.exec(query).first()) is None

    def due_reads(self, now: datetime, limit: int) -> list[HeldCall]:
        """The reads, of all tenants, that wait though their grant lives, oldest first; without their inputs."""
        row = HeldCallRow
        reads = (col(row.status) == "waiting", col(row.effect) == "read", col(row.expires_at) > now)
        due = or_(col(row.run_after).is_(None), col(row.run_after) <= now)
        query = select(row).where(*reads, due, grant_lives()).order_by(col(row.id)).limit(limit)
        return [call_of(row) for row in self._database.read(lambda session: session.exec(query).all())]

    def running(self) -> list[HeldCall]:
        """The calls of all tenants that run; without their inputs."""
        query = select(HeldCallRow).where(col(HeldCallRow.status) == "running")
        return [call_of(row) for row in self._database.read(lambda session: session.exec(query).all())]

    async def claim(self, call: HeldCall, claim: str) -> bool:
        """Begin a run of it, where it stands as `call` says: whoever is told True, and nobody else, may run it.

        Never while an approval is waited for, whatever `call` says.
        """
        begun: dict[str, object] = {"status": "running", "claim": claim, "fence": call.fence + 1}
        return await self._move(call, begun, ~is_undecided())

    async def put_back(self, call: HeldCall, run_after: datetime) -> bool:
        """Let it wait again: nothing was carried out, or it may be carried out again."""
        return await self._move(call, {"status": "waiting", "claim": None, "run_after": run_after})

    async def finish(self, call: HeldCall, outcome: Outcome, now: datetime) -> bool:
        """Keep what the run that `call` tells of came to."""
        status: CallStatus = "done" if isinstance(outcome, Result) else "failed"

        def work(session: Session) -> bool:
            account = session.get(AccountRow, tuple(call.account_key))
            if account is None:
                return False
            sealed = self._keys.of(session, _owner(account)).seal(Secret(to_text(outcome)), call.id, OUTCOME)
            change = update(HeldCallRow).where(*as_it_stands(call)).values(**at_end(status, now, sealed))
            return session.exec(change).rowcount == 1

        return await self._database.write(work)

    async def want_approval(self, call: HeldCall, event: Event | None = None) -> bool:
        """Whether the call waits, and only from now on for an approval; then the event that tells of it is written."""
        none = col(HeldCallRow.approval) == "none"
        change = update(HeldCallRow).where(*as_it_stands(call), none).values(approval="wanted")

        def work(session: Session) -> bool:
            wanted = session.exec(change).rowcount == 1
            if wanted and event is not None:
                add_event(session, event)
            return wanted

        return await self._database.write(work)

    async def cancel(self, tenant_id: str, call_id: str, now: datetime) -> bool:
        """Whether it was waiting and will now never run."""
        change = update(HeldCallRow).where(*waits(tenant_id, call_id)).values(**at_end("cancelled", now))
        return await self._database.write(lambda session: session.exec(change).rowcount == 1)

    async def expire(self, now: datetime) -> None:
        """Give up the calls that have waited too long, and forget those that ended long ago."""
        over = col(HeldCallRow.expires_at) <= now
        waits, runs = col(HeldCallRow.status) == "waiting", col(HeldCallRow.status) == "running"

        def work(session: Session) -> None:
            session.exec(delete(HeldCallRow).where(over, ~waits, ~runs))
            session.exec(update(HeldCallRow).where(over, waits).values(**at_end("expired", now)))

        if self._database.read(lambda session: session.exec(select(HeldCallRow.id).where(over, ~runs)).first()):
            await self._database.write(work)

    async def _move(self, call: HeldCall, values: Mapping[str, object], *where: ColumnElement[bool]) -> bool:
        change = update(HeldCallRow).where(*as_it_stands(call), *where).values(**values)
        return await self._database.write(lambda session: session.exec(change).rowcount == 1)

    def _opened(self, session: Session, row: HeldCallRow | None) -> HeldCall | None:
        if row is None or (account := session.get(AccountRow, (row.tenant_id, row.account_id))) is None:
            return None
        sealed = row.tool_input or row.outcome
        return call_of(row, self._keys.of(session, _owner(account)) if sealed else None)


def _waiting_of(session: Session, key: AccountKey) -> int:
    return session.exec(select(func.count()).select_from(HeldCallRow).where(*waits_of(key))).one()


def _owner(account: AccountRow) -> Owner:
    return Owner(account.tenant_id, account.id, account.connector)
