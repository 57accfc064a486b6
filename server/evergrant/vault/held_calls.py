"""Kept tool calls: input and outcome sealed with the account's data key, and the moves between their states."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import exists, func
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, delete, or_, select, update

from evergrant.model.account import AccountKey
from evergrant.model.event import Event, approval_decided
from evergrant.model.held_call import Approval, CallEffect, CallStatus, Decision, HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Outcome, Result
from evergrant.model.outcome_text import from_text, to_text
from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, GrantRow, HeldCallRow
from evergrant.vault.accounts import account_of
from evergrant.vault.data_keys import DataKeys, FieldSealer, Owner
from evergrant.vault.outbox import add_event

KEPT = timedelta(hours=24)
"""How long a call waits, and how long its outcome is kept afterwards."""
INPUT, OUTCOME = "tool_input", "outcome"


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
            session.add(_row(call, fields.seal(Secret(json.dumps(call.tool_input)), call.id, INPUT)))
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
        return [_call(row) for row in self._database.read(lambda session: session.exec(query).all())]

    def same_read(self, call: HeldCall, since: datetime) -> str | None:
        """The id of a read that waits since then or later and asks for the very same as `call`.

        Found by opening, since a fingerprint of an input would tell whoever reads the file what was guessed right.
        """
        query = select(HeldCallRow).where(
            *_waits_of(call.account_key),
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
        hindered = or_(_is_undecided(), ~_grant_lives())
        query = select(HeldCallRow.id).where(*_waits(tenant_id, call_id), hindered)
        return self._database.read(lambda session: session.exec(query).first()) is None

    def decided(self, tenant_id: str, call_id: str) -> bool:
        """Whether no approval is waited for, since there is one, or it no longer waits, or it is not there."""
        query = select(HeldCallRow.id).where(*_waits(tenant_id, call_id), _is_undecided())
        return self._database.read(lambda session: session.exec(query).first()) is None

    def due_reads(self, now: datetime, limit: int) -> list[HeldCall]:
        """The reads, of all tenants, that wait though their grant lives, oldest first; without their inputs."""
        row = HeldCallRow
        reads = (col(row.status) == "waiting", col(row.effect) == "read", col(row.expires_at) > now)
        due = or_(col(row.run_after).is_(None), col(row.run_after) <= now)
        query = select(row).where(*reads, due, _grant_lives()).order_by(col(row.id)).limit(limit)
        return [_call(row) for row in self._database.read(lambda session: session.exec(query).all())]

    def running(self) -> list[HeldCall]:
        """The calls of all tenants that run; without their inputs."""
        query = select(HeldCallRow).where(col(HeldCallRow.status) == "running")
        return [_call(row) for row in self._database.read(lambda session: session.exec(query).all())]

    async def claim(self, call: HeldCall, claim: str) -> bool:
        """Begin a run of it, where it stands as `call` says: whoever is told True, and nobody else, may run it.

        Never while an approval is waited for, whatever `call` says.
        """
        begun: dict[str, object] = {"status": "running", "claim": claim, "fence": call.fence + 1}
        return await self._move(call, begun, ~_is_undecided())

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
            change = update(HeldCallRow).where(*_as_it_stands(call)).values(**_ended(status, now, sealed))
            return session.exec(change).rowcount == 1

        return await self._database.write(work)

    async def want_approval(self, call: HeldCall, event: Event | None = None) -> bool:
        """Whether the call waits, and only from now on for an approval; then the event that tells of it is written."""
        none = col(HeldCallRow.approval) == "none"
        change = update(HeldCallRow).where(*_as_it_stands(call), none).values(approval="wanted")

        def work(session: Session) -> bool:
            wanted = session.exec(change).rowcount == 1
            if wanted and event is not None:
                add_event(session, event)
            return wanted

        return await self._database.write(work)

    async def approve(self, tenant_id: str, call_id: str, by: str, now: datetime) -> bool:
        """Whether it was waiting for an approval and now has it, for its one run; then an event tells of it."""
        return await self._decide(tenant_id, call_id, "given", by, now)

    async def refuse(self, tenant_id: str, call_id: str, by: str, now: datetime) -> bool:
        """Whether it was waiting for an approval and will now never run; then an event tells of it."""
        return await self._decide(tenant_id, call_id, "refused", by, now)

    async def cancel(self, tenant_id: str, call_id: str, now: datetime) -> bool:
        """Whether it was waiting and will now never run."""
        change = update(HeldCallRow).where(*_waits(tenant_id, call_id)).values(**_ended("cancelled", now))
        return await self._database.write(lambda session: session.exec(change).rowcount == 1)

    async def expire(self, now: datetime) -> None:
        """Give up the calls that have waited too long, and forget those that ended long ago."""
        over = col(HeldCallRow.expires_at) <= now
        waits, runs = col(HeldCallRow.status) == "waiting", col(HeldCallRow.status) == "running"

        def work(session: Session) -> None:
            session.exec(delete(HeldCallRow).where(over, ~waits, ~runs))
            session.exec(update(HeldCallRow).where(over, waits).values(**_ended("expired", now)))

        if self._database.read(lambda session: session.exec(select(HeldCallRow.id).where(over, ~runs)).first()):
            await self._database.write(work)

    async def _move(self, call: HeldCall, values: Mapping[str, object], *where: ColumnElement[bool]) -> bool:
        change = update(HeldCallRow).where(*_as_it_stands(call), *where).values(**values)
        return await self._database.write(lambda session: session.exec(change).rowcount == 1)

    async def _decide(self, tenant_id: str, call_id: str, decision: Decision, by: str, now: datetime) -> bool:
        ended = _ended("cancelled", now) if decision == "refused" else {}
        values = {"approval": decision, "decided_by": by, "decided_at": now, **ended}
        change = update(HeldCallRow).where(*_waits(tenant_id, call_id), _is_undecided()).values(**values)

        def work(session: Session) -> bool:
            if session.exec(change).rowcount == 0:
                return False
            row = session.get_one(HeldCallRow, (tenant_id, call_id))
            if account := session.get(AccountRow, (tenant_id, row.account_id)):
                add_event(session, approval_decided(account_of(account), _call(row), decision, by, now))
            return True

        return await self._database.write(work)

    def _opened(self, session: Session, row: HeldCallRow | None) -> HeldCall | None:
        if row is None or (account := session.get(AccountRow, (row.tenant_id, row.account_id))) is None:
            return None
        sealed = row.tool_input or row.outcome
        return _call(row, self._keys.of(session, _owner(account)) if sealed else None)


def _ended(status: CallStatus, now: datetime, outcome: bytes | None = None) -> dict[str, object]:
    """The values of a row whose call has come to its end; of its input nothing is left."""
    left = {"tool_input": None, "claim": None, "run_after": None}
    return {**left, "status": status, "outcome": outcome, "expires_at": now + KEPT}


def _waits(tenant_id: str, call_id: str) -> tuple[ColumnElement[bool], ...]:
    row = HeldCallRow
    return col(row.tenant_id) == tenant_id, col(row.id) == call_id, col(row.status) == "waiting"


def _waits_of(key: AccountKey) -> tuple[ColumnElement[bool], ...]:
    row = HeldCallRow
    return col(row.tenant_id) == key.tenant_id, col(row.account_id) == key.account_id, col(row.status) == "waiting"


def _as_it_stands(call: HeldCall) -> tuple[ColumnElement[bool], ...]:
    """The row as long as nobody has moved it on since `call` was read: the compare of a compare-and-swap."""
    row = HeldCallRow
    mine = (col(row.tenant_id) == call.tenant_id, col(row.id) == call.id)
    return *mine, col(row.status) == call.status, col(row.fence) == call.fence


def _is_undecided() -> ColumnElement[bool]:
    return col(HeldCallRow.approval) == "wanted"


def _grant_lives() -> ColumnElement[bool]:
    """Nobody has called the call's grant dead, or a consent has left it out: then the call itself says so.

    The grant of a stopped or a paused account does not count as one that lives.
    """
    row, of_grant = HeldCallRow, GrantRow
    dead = exists().where(
        col(of_grant.tenant_id) == row.tenant_id,
        col(of_grant.account_id) == row.account_id,
        col(of_grant.credential) == row.credential,
        col(of_grant.dead),
    )
    stopped = exists().where(
        col(AccountRow.tenant_id) == row.tenant_id,
        col(AccountRow.id) == row.account_id,
        or_(col(AccountRow.state) == "revoked", col(AccountRow.paused)),
    )
    return ~dead & ~stopped


def _waiting_of(session: Session, key: AccountKey) -> int:
    return session.exec(select(func.count()).select_from(HeldCallRow).where(*_waits_of(key))).one()


def _owner(account: AccountRow) -> Owner:
    return Owner(account.tenant_id, account.id, account.connector)


def _row(call: HeldCall, tool_input: bytes) -> HeldCallRow:
    return HeldCallRow(
        tenant_id=call.tenant_id,
        id=call.id,
        account_id=call.account_id,
        credential=call.credential,
        tool_name=call.tool_name,
        effect=call.effect,
        tool_input=tool_input,
        status=call.status,
        asked_by=call.asked_by,
        approval=call.approval,
        created_at=call.created_at,
        expires_at=call.expires_at,
    )


def _call(row: HeldCallRow, fields: FieldSealer | None = None) -> HeldCall:
    """The row as the rest of the program sees it; with `fields` its sealed contents too."""
    given = fields.open(row.tool_input, row.id, INPUT).reveal() if fields and row.tool_input else None
    outcome = fields.open(row.outcome, row.id, OUTCOME).reveal() if fields and row.outcome else None
    return HeldCall(
        id=row.id,
        tenant_id=row.tenant_id,
        account_id=row.account_id,
        credential=row.credential,
        tool_name=row.tool_name,
        effect=cast("CallEffect", row.effect),
        status=cast("CallStatus", row.status),
        fence=row.fence,
        claim=row.claim,
        asked_by=row.asked_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        approval=cast("Approval", row.approval),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        tool_input=cast("JsonObject", json.loads(given)) if given is not None else None,
        outcome=from_text(outcome) if outcome is not None else None,
    )
