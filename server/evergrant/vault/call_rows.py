"""The rows of kept calls: as the rest of the program sees them, and the conditions to find and to move them by."""

import json
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import exists
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, or_

from evergrant.model.account import AccountKey
from evergrant.model.held_call import Approval, CallEffect, CallStatus, HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome_text import from_text
from evergrant.store.tables import AccountRow, GrantRow, HeldCallRow
from evergrant.vault.data_keys import FieldSealer

KEPT = timedelta(hours=24)
"""How long a call waits, and how long its outcome is kept afterwards."""
INPUT, OUTCOME = "tool_input", "outcome"


def at_end(status: CallStatus, now: datetime, outcome: bytes | None = None) -> dict[str, object]:
    """The values of a row whose call has come to its end; of its input nothing is left."""
    left = {"tool_input": None, "claim": None, "run_after": None}
    return {**left, "status": status, "outcome": outcome, "expires_at": now + KEPT}


def waits(tenant_id: str, call_id: str) -> tuple[ColumnElement[bool], ...]:
    """The tenant's call of that id, while it waits."""
    row = HeldCallRow
    return col(row.tenant_id) == tenant_id, col(row.id) == call_id, col(row.status) == "waiting"


def waits_of(key: AccountKey) -> tuple[ColumnElement[bool], ...]:
    """The calls of that account that wait."""
    row = HeldCallRow
    return col(row.tenant_id) == key.tenant_id, col(row.account_id) == key.account_id, col(row.status) == "waiting"


def as_it_stands(call: HeldCall) -> tuple[ColumnElement[bool], ...]:
    """The row as long as nobody has moved it on since `call` was read: the compare of a compare-and-swap."""
    row = HeldCallRow
    mine = (col(row.tenant_id) == call.tenant_id, col(row.id) == call.id)
    return *mine, col(row.status) == call.status, col(row.fence) == call.fence


def is_undecided() -> ColumnElement[bool]:
    """A person is still to say whether it may run."""
    return col(HeldCallRow.approval) == "wanted"


def grant_lives() -> ColumnElement[bool]:
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


def row_of(call: HeldCall, tool_input: bytes) -> HeldCallRow:
    """The call as its table keeps it."""
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


def call_of(row: HeldCallRow, fields: FieldSealer | None = None) -> HeldCall:
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
