"""Copies of a database that is in use, in both journal modes: one state each, in one file."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.conftest import count, count_one_more, sql

from evergrant.store.database import Database, StoreUnavailable
from evergrant.store.upkeep import copy, empty_log, faults, journal

MODES = ("DELETE", "WAL")
ROWS = 3_000
FILL = """
    WITH RECURSIVE numbers(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers LIMIT 3000)
    INSERT INTO filler SELECT value, randomblob(1000) FROM numbers
"""


@pytest.fixture(params=MODES)
def filled(path: Path, database: Database, request: pytest.FixtureRequest) -> Database:
    """Some megabytes, and in each of the two modes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={request.param}")
    database.write_now(lambda session: sql(session, "CREATE TABLE filler (number INTEGER, content BLOB)"))
    database.write_now(lambda session: sql(session, FILL))
    return database


def counted(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as connection:
        number = connection.execute("SELECT number FROM counter").fetchone()[0]
        return number, connection.execute("SELECT count(*) FROM filler").fetchone()[0]


def empty(tmp_path: Path) -> Path:
    target = tmp_path / "copy.db"
    target.touch()
    return target


def test_a_copy_has_one_state_while_writers_go_on_between_its_steps(
    filled: Database, path: Path, tmp_path: Path
) -> None:
    target, steps = empty(tmp_path), list[int]()

    def write_between(left: int, _of: int) -> None:
        steps.append(left)
        filled.write_now(count_one_more)

    copy(path, target, write_between)
    assert len(steps) >= 2
    assert faults(target) == []
    assert counted(target)[1] == ROWS
    assert counted(target)[0] <= filled.read(count) == len(steps)
    assert journal(target) == "DELETE"
    assert sorted(one.name for one in tmp_path.glob("copy.db*")) == ["copy.db"]


def test_a_log_that_is_emptied_holds_nothing(filled: Database, path: Path) -> None:
    assert empty_log(path)
    log = path.with_name(path.name + "-wal")
    assert not log.exists() or log.stat().st_size == 0


def test_a_reader_that_does_not_end_keeps_the_log_and_that_is_said(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evergrant.store.upkeep.BUSY_TIMEOUT_MS", 0)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    database.write_now(count_one_more)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM counter").fetchall()
        database.write_now(count_one_more)
        assert not empty_log(path)
    assert empty_log(path)


def test_what_is_no_database_is_store_unavailable(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"no database " * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        copy(path, empty(tmp_path), lambda _left, _of: None)
    assert faults(path) == ["file is not a database"]
