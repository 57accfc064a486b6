"""A database with one counter in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from evergrant.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database(path)
    database.write_now(make_counter)
    yield database
    database.close()


def make_counter(session: Session) -> None:
    sql(session, "CREATE TABLE counter (number INTEGER NOT NULL UNIQUE)")
    sql(session, "INSERT INTO counter VALUES (0)")


def count(session: Session) -> int:
    return int(str(sql(session, "SELECT number FROM counter")[0][0]))


def count_one_more(session: Session) -> None:
    """Read, then write what follows from it: two of these that overlap lose one count."""
    number = count(session)
    sql(session, f"UPDATE counter SET number = {number + 1}")  # noqa: S608 - a number of our own


def sql(session: Session, statement: str) -> list[tuple[object, ...]]:
    result = session.connection().exec_driver_sql(statement)
    return [tuple(row) for row in result] if result.returns_rows else []
