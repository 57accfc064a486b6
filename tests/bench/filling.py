"""Rows by direct SQL: accounts that are connected and not due, and the same accounts due again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from evergrant.store.columns import EPOCH
from evergrant.store.database import Database

FILLER = "conn_filler_"
SEALED_BYTES = 96
"""About what a sealed token takes."""
CHUNK = 10_000
_ACCOUNT = text("""
    INSERT INTO connected_account (tenant_id, id, connection_id, connector, alias, subject, label, state, paused,
        scopes_requested, scopes_granted, "values", created_at)
    VALUES (:tenant_id, :id, :connection_id, 'sandbox', :id, :id, :id, 'active', 0, '[]', '[]', '{}', :now)
""")
_GRANT = text("""
    INSERT INTO stored_grant (tenant_id, account_id, credential, dead, failing, end_told, generation, access_token,
        refresh_token, issued_at, expires_at, refresh_at, consented_at, consents, fence, attempts)
    VALUES (:tenant_id, :id, 'default', 0, 0, 0, 1, randomblob(:sealed), randomblob(:sealed), :now,
        :later, :refresh_at, :now, 1, 0, 0)
""")
_DUE = text("""
    UPDATE stored_grant SET refresh_at = :now, not_before = NULL, renew_from = NULL WHERE account_id NOT LIKE :filler
""")
_COUNT = text("SELECT count(*) FROM stored_grant")
_GENERATIONS = text("SELECT sum(generation) FROM stored_grant")


def accounts(database: Database) -> int:
    """How many the vault holds."""
    return database.read(lambda session: int(session.connection().scalar(_COUNT) or 0))


def generations(database: Database) -> int:
    """The sum over all accounts: it rises by one with every exchange that is on disk."""
    return database.read(lambda session: int(session.connection().scalar(_GENERATIONS) or 0))


def fill(database: Database, tenant_id: str, connection_id: str, total: int, now: datetime) -> None:
    """Add accounts up to `total`, to be renewed in a day or later."""
    begin = accounts(database)

    def work(connection: Connection) -> None:
        for rows in _chunks(begin, total, tenant_id, connection_id, now):
            connection.execute(_ACCOUNT, rows)
            connection.execute(_GRANT, rows)

    if total > begin:
        database.write_now(lambda session: work(session.connection()))


def make_due(database: Database, now: datetime) -> None:
    """All accounts that are not filler are due now, and their provider asks for no pause."""
    values = {"now": _micros(now), "filler": f"{FILLER}%"}
    database.write_now(lambda session: session.connection().execute(_DUE, values))


Row = dict[str, str | int]


def _chunks(begin: int, end: int, tenant_id: str, connection_id: str, now: datetime) -> Iterator[list[Row]]:
    def row(number: int) -> Row:
        refresh_at = now + timedelta(days=1, milliseconds=number)
        return {
            "tenant_id": tenant_id,
            "connection_id": connection_id,
            "id": f"{FILLER}{number:09}",
            "now": _micros(now),
            "later": _micros(now + timedelta(days=2)),
            "refresh_at": _micros(refresh_at),
            "sealed": SEALED_BYTES,
        }

    for first in range(begin, end, CHUNK):
        yield [row(number) for number in range(first, min(first + CHUNK, end))]


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
