"""Answers that are kept so that a request is done once under its key, sealed: they can carry what is told only once.

Each has a data key of its own, which goes with it.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select, update

from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import KeptAnswerRow
from evergrant.vault.data_keys import DataKeys, Owner, destroy

REQUEST, ANSWER = "request", "answer"


class RequestKey(NamedTuple):
    """What a request is known by: its tenant, and a hash of who sent it, whereto and under which key."""

    tenant_id: str
    id: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered."""

    status: int
    media_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A request under a key that came before."""

    fingerprint: str | None
    """Of its content; None where all of it was forgotten but that it came."""
    claim: str | None
    """The process that began it, where it has not ended."""
    answer: KeptAnswer | None


class KeptAnswers:
    """Requests by tenant and what was answered."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def begin(
        self, key: RequestKey, fingerprint: str, claim: str, now: datetime, expires_at: datetime
    ) -> Seen | None:
        """None where the request is new, and is now the claim's to do; else the one that came before."""

        def work(session: Session) -> Seen | None:
            row = session.get(KeptAnswerRow, tuple(key))
            if row is not None and row.expires_at > now:
                return self._seen(session, row)
            if row is not None:
                _drop(session, [row])
            sealed = self._keys.made_for(session, _owner(key)).seal(Secret(fingerprint), REQUEST)
            session.add(KeptAnswerRow(**key._asdict(), request=sealed, claim=claim, expires_at=expires_at))
            return None

        return await self._database.write(work)

    async def finish(self, key: RequestKey, claim: str, answer: KeptAnswer) -> bool:
        """Keep what the claim's request came to, where it has not been forgotten meanwhile."""
        text = json.dumps([answer.status, answer.media_type, answer.body])

        def work(session: Session) -> bool:
            if session.exec(select(KeptAnswerRow.id).where(*_claimed(key, claim))).first() is None:
                return False
            sealed = self._keys.of(session, _owner(key)).seal(Secret(text), ANSWER)
            session.exec(update(KeptAnswerRow).where(*_claimed(key, claim)).values(answer=sealed, claim=None))
            return True

        return await self._database.write(work)

    async def release(self, key: RequestKey, claim: str) -> bool:
        """Forget the claim's request, of which nothing was done: it may come again as a new one."""

        def work(session: Session) -> bool:
            found = session.exec(select(KeptAnswerRow).where(*_claimed(key, claim))).all()
            _drop(session, found)
            return bool(found)

        return await self._database.write(work)

    async def prune(self, now: datetime) -> None:
        """Forget the requests of all tenants whose time is over."""
        over = select(KeptAnswerRow).where(col(KeptAnswerRow.expires_at) <= now)

        if self._database.read(lambda session: session.exec(over).first()):
            await self._database.write(lambda session: _drop(session, session.exec(over).all()))

    def _seen(self, session: Session, row: KeptAnswerRow) -> Seen:
        if row.request is None:
            return Seen(None, None, None)
        fields = self._keys.of(session, _owner(RequestKey(row.tenant_id, row.id)))
        text = fields.open(row.answer, ANSWER).reveal() if row.answer else None
        answer = KeptAnswer(*json.loads(text)) if text else None
        return Seen(fields.open(row.request, REQUEST).reveal(), row.claim, answer)


def forget_answers(session: Session, tenant_id: str) -> None:
    """Of a tenant's requests, forget all but that they came: none of them is done again, and none is answered."""
    rows = session.exec(select(KeptAnswerRow).where(col(KeptAnswerRow.tenant_id) == tenant_id)).all()
    for row in rows:
        destroy(session, row.tenant_id, row.id)
        row.request = row.answer = row.claim = None
        session.add(row)


def _drop(session: Session, rows: Collection[KeptAnswerRow]) -> None:
    for row in rows:
        destroy(session, row.tenant_id, row.id)
        session.delete(row)
    session.flush()


def _claimed(key: RequestKey, claim: str) -> tuple[ColumnElement[bool], ...]:
    row = KeptAnswerRow
    return col(row.tenant_id) == key.tenant_id, col(row.id) == key.id, col(row.claim) == claim


def _owner(key: RequestKey) -> Owner:
    return Owner(*key, "")
