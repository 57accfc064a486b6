"""The due accounts with what tells them apart by host; stands in until `Grants.due` returns these itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from evergrant.model.account import AccountKey
from evergrant.vault.grants import Grants
from evergrant.vault.seal import SealBroken


class DueCursor(NamedTuple):
    """A place in the order of due accounts."""

    offset: int


@dataclass(frozen=True, slots=True)
class Due:
    """An account whose renewal time has come."""

    key: AccountKey
    connection_id: str
    connector: str
    values: Mapping[str, str]
    cursor: DueCursor


def due_accounts(grants: Grants, now: datetime, limit: int, after: DueCursor | None) -> list[Due]:
    """The accounts of all tenants that are due, the longest due first, beginning behind `after`."""
    begin = after.offset if after else 0
    keys = grants.due(now, begin + limit)[begin:]
    return [_due(grants, key, DueCursor(begin + number)) for number, key in enumerate(keys, 1)]


def next_due(grants: Grants, after: datetime) -> datetime | None:
    """When the first account is due later than `after`; None where that is not known."""
    first = grants.next_due()
    return first if first and first > after else None


def _due(grants: Grants, key: AccountKey, cursor: DueCursor) -> Due:
    try:
        held = grants.load(key)
    except SealBroken:
        held = None
    if held is None:
        return Due(key, "", "", {}, cursor)
    account = held.account
    return Due(key, account.connection_id, account.connector, account.values, cursor)
