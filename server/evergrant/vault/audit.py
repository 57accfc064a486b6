"""The audit as it lies in the vault: lines that are written many at a time, read in pages, and forgotten in time."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row, Select, insert, inspect, tuple_
from sqlalchemy import select as select_columns
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, delete, select, update

from evergrant.model.account import AccountKey
from evergrant.model.audit import SUCCEEDED, AuditFilter, AuditKind, AuditRecord
from evergrant.model.held_call import CallEffect
from evergrant.model.ids import lowest_id, new_ids
from evergrant.model.json import JsonObject
from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, AuditRow, TenantRow
from evergrant.vault.data_keys import DataKeys, Owner
from evergrant.vault.seal import SealBroken

INPUT = "audit_input"
LONGEST_TEXT = 200
"""Of what comes from elsewhere: a principal's name, a provider's code."""


class AuditLog:
    """The lines of all tenants; what a call said is sealed with its account's data key."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def add(self, records: Sequence[AuditRecord]) -> None:
        """Write them in one transaction; an input whose account is gone is left out, as is a line whose tenant is."""
        ids = new_ids("aud", [record.at for record in records])
        named = [(record, record.id or new) for record, new in zip(records, ids, strict=True)]

        def work(session: Session) -> None:
            tenants = {record.tenant_id for record in records}
            there = {each for each in tenants if session.get(TenantRow, each)}
            if lines := [self._values(session, one, id_) for one, id_ in named if one.tenant_id in there]:
                session.connection().execute(insert(AuditRow), lines)

        await self._database.write(work)

    def page(
        self, tenant_id: str, wanted: AuditFilter, limit: int, *, after: str | None = None, oldest_first: bool = False
    ) -> list[AuditRecord]:
        """So many at most of those wanted, newest first, beginning behind the one of the id `after`."""
        query = _columns().where(col(AuditRow.tenant_id) == tenant_id, *_conditions(wanted)).limit(limit)
        if after is not None:
            query = query.where(col(AuditRow.id) > after if oldest_first else col(AuditRow.id) < after)
        query = query.order_by(col(AuditRow.id) if oldest_first else col(AuditRow.id).desc())
        return [_record(row) for row in self._rows(query)]

    def get(self, tenant_id: str, record_id: str) -> AuditRecord | None:
        """The tenant's line of that id."""
        query = _columns().where(col(AuditRow.tenant_id) == tenant_id, col(AuditRow.id) == record_id)
        return next((_record(row) for row in self._rows(query)), None)

    def tool_input(self, tenant_id: str, record_id: str) -> JsonObject | None:
        """What the call said; None where that was not kept, or has gone with its account. Raises SealBroken."""

        def work(session: Session) -> Secret | None:
            row = session.get(AuditRow, (tenant_id, record_id))
            if row is None or row.tool_input is None:
                return None
            account = session.get_one(AccountRow, (tenant_id, row.account_id))
            return self._keys.of(session, _owner(account)).open(row.tool_input, row.id, INPUT)

        found = self._database.read(work)
        return cast("JsonObject", json.loads(found.reveal())) if found else None

    async def prune(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` of all tenants' lines that are older, the oldest first; returns how many they were."""
        key = (col(AuditRow.tenant_id), col(AuditRow.id))
        old = select_columns(*key).where(col(AuditRow.at) < before).order_by(col(AuditRow.at)).limit(limit)

        def work(session: Session) -> int:
            return session.exec(delete(AuditRow).where(tuple_(*key).in_(old))).rowcount

        found = select(AuditRow.id).where(col(AuditRow.at) < before).limit(1)
        if self._database.read(lambda session: session.exec(found).first()) is None:
            return 0
        return await self._database.write(work)

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._database.read(lambda session: session.connection().execute(query).all())

    def _values(self, session: Session, record: AuditRecord, record_id: str) -> dict[str, object]:
        return {
            "tenant_id": record.tenant_id,
            "id": record_id,
            "at": record.at,
            "kind": record.kind,
            "outcome": record.outcome,
            "duration_us": round(record.duration_s * 1e6),
            "principal": record.principal and record.principal[:LONGEST_TEXT],
            "account_id": record.account_id,
            "connector": record.connector,
            "tool": record.tool,
            "effect": record.effect,
            "detail": record.detail and record.detail[:LONGEST_TEXT],
            "requests": record.requests,
            "request_bytes": record.request_bytes,
            "response_bytes": record.response_bytes,
            "provider_request_id": record.provider_request_id,
            "call_id": record.call_id,
            "generation": record.generation,
            "input_names": list(record.input_names) if record.input_names is not None else None,
            "tool_input": self._sealed(session, record, record_id),
        }

    def _sealed(self, session: Session, record: AuditRecord, record_id: str) -> bytes | None:
        if record.tool_input is None or record.account_id is None:
            return None
        account = session.get(AccountRow, (record.tenant_id, record.account_id))
        if account is None:
            return None
        try:
            fields = self._keys.of(session, _owner(account))
        except SealBroken:
            return None
        return fields.seal(Secret(json.dumps(record.tool_input)), record_id, INPUT)


def forget_inputs(session: Session, key: AccountKey) -> None:
    """Take away what the account's calls said; their lines stay."""
    mine = (col(AuditRow.tenant_id) == key.tenant_id, col(AuditRow.account_id) == key.account_id)
    kept = col(AuditRow.tool_input).is_not(None)
    session.exec(update(AuditRow).where(*mine, kept).values(tool_input=None))


def _columns() -> Select[Any]:
    """All but what a call said."""
    return select_columns(*(column for column in inspect(AuditRow).columns if column.name != "tool_input"))


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    """Times are looked for by id: the ids are in the order of time, and so is the key."""
    found = [getattr(AuditRow, name) == value for name, value in wanted.equal.items()]
    if wanted.failed:
        found.append(col(AuditRow.outcome).not_in(SUCCEEDED))
    if wanted.since:
        found.append(col(AuditRow.id) >= lowest_id("aud", wanted.since))
    if wanted.until:
        found.append(col(AuditRow.id) < lowest_id("aud", wanted.until))
    return found


def _owner(account: AccountRow) -> Owner:
    return Owner(account.tenant_id, account.id, account.connector)


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        tenant_id=row.tenant_id,
        id=row.id,
        at=row.at,
        kind=cast("AuditKind", row.kind),
        outcome=row.outcome,
        duration_s=timedelta(microseconds=row.duration_us).total_seconds(),
        principal=row.principal,
        account_id=row.account_id,
        connector=row.connector,
        tool=row.tool,
        effect=cast("CallEffect | None", row.effect),
        detail=row.detail,
        requests=row.requests,
        request_bytes=row.request_bytes,
        response_bytes=row.response_bytes,
        provider_request_id=row.provider_request_id,
        call_id=row.call_id,
        generation=row.generation,
        input_names=tuple(row.input_names) if row.input_names is not None else None,
    )
