import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evergrant.store.database import StoreUnavailable, journal_mode, set_journal_mode


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "DELETE"),
        ((3, 44, 5), "DELETE"),
        ((3, 44, 6), "WAL"),
        ((3, 44, 7), "WAL"),
        ((3, 45, 0), "DELETE"),
        ((3, 50, 6), "DELETE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "DELETE"),
        ((3, 51, 3), "WAL"),
        ((3, 52, 0), "WAL"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_wal_is_for_a_sqlite_without_the_wal_reset_bug(version: tuple[int, int, int], mode: str) -> None:
    assert journal_mode(version) == mode


def mode_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0]).upper()


@pytest.mark.parametrize("before", ["WAL", "DELETE"])
def test_the_mode_that_is_set_stays_with_the_file_whatever_it_was(path: Path, before: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={before}")
    mode = set_journal_mode(path)
    assert mode.upper() == journal_mode(sqlite3.sqlite_version_info)
    assert mode_of(path) == mode.upper()


def test_a_mode_that_cannot_be_changed_now_is_store_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = "DELETE" if journal_mode(sqlite3.sqlite_version_info) == "WAL" else "WAL"
    monkeypatch.setattr("evergrant.store.database.BUSY_TIMEOUT_MS", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode={other}")
        connection.execute("CREATE TABLE any_table (number INTEGER)")
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            set_journal_mode(path)
