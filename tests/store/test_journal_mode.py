import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evergrant.store.database import journal_mode, set_journal_mode


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


def test_the_mode_that_is_set_stays_with_the_file(path: Path) -> None:
    mode = set_journal_mode(path)
    assert mode.upper() == journal_mode(sqlite3.sqlite_version_info)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
