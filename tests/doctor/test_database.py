import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from tests.doctor.samples import NOW, levels, only

from evergrant.doctor.database import Condition, condition, restored, room, spool, sqlite_version, unusable, whole
from evergrant.doctor.folder import folder
from evergrant.store.database import Database, StoreUnavailable
from evergrant.store.tables import VaultRow

MIB = 1024 * 1024
FIXED, BUGGY = (3, 51, 3), (3, 40, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Database]:
    with closing(sqlite3.connect(path)) as made:
        made.executescript("CREATE TABLE t(x); INSERT INTO t SELECT randomblob(9000) FROM (VALUES (1),(2),(3))")
    with closing(Database(path)) as database:
        yield database


def spoil(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 2000)


def test_a_sqlite_with_the_wal_reset_bug_is_told_with_the_way_to_a_fixed_one() -> None:
    fixed, buggy = sqlite_version(FIXED), sqlite_version(BUGGY)

    assert (fixed.level, buggy.level) == ("ok", "note")
    assert "write-ahead log" in fixed.what
    assert "rollback journal" in buggy.what
    assert "3.51.3" in (buggy.what_to_do or "")


def test_a_whole_database_is_in_order(opened: Database, path: Path) -> None:
    assert levels(whole(path, condition(opened), BUGGY)) == ["ok"]


def test_a_damaged_page_is_found_and_the_advice_saves_the_rest(opened: Database, path: Path) -> None:
    spoil(path, 4096)

    try:
        found = list(whole(path, condition(opened), BUGGY))
    except StoreUnavailable as error:  # as it is worded by other versions of SQLite
        found = [unusable(path, error)]

    assert only(found).level == "problem"
    assert f"sqlite3 {path}.damaged .recover" in (only(found).what_to_do or "")


def why(opened: Database, sql: str) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as raised:
        opened.read(lambda session: session.connection().exec_driver_sql(sql).all())
    return raised.value


def test_a_file_that_is_no_database_is_restored_or_saved(opened: Database, path: Path) -> None:
    spoil(path, 0)
    assert ".recover" in (unusable(path, why(opened, "SELECT * FROM t")).what_to_do or "")


def test_the_tables_of_another_version_are_brought_up_to_date(opened: Database, path: Path) -> None:
    assert "evergrant status" in (unusable(path, why(opened, "SELECT y FROM t")).what_to_do or "")


def test_a_database_that_another_program_holds_is_not_called_damaged(path: Path) -> None:
    busy, locked = StoreUnavailable("locked"), sqlite3.OperationalError("database is locked")
    with closing(sqlite3.connect(path)) as holder, closing(sqlite3.connect(path, timeout=0)) as other:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            other.execute("CREATE TABLE t(x)")
        locked = raised.value
    busy.__cause__ = as_sqlalchemy_raises(locked)

    assert unusable(path, busy).what_to_do == f"Another program holds it. Which one: lsof {path}"


def as_sqlalchemy_raises(error: sqlite3.Error) -> OperationalError:
    return OperationalError("SELECT 1", None, error)


def test_a_folder_that_cannot_be_looked_into_is_somebody_elses(path: Path) -> None:
    closed = StoreUnavailable("The vault's folder cannot be looked into: Permission denied.")
    closed.__cause__ = PermissionError(13, "Permission denied")
    assert f"ls -ld {path.parent}" in (unusable(path, closed).what_to_do or "")


def test_a_write_ahead_log_under_a_sqlite_with_the_bug_is_a_warning(path: Path) -> None:
    assert levels(whole(path, Condition("wal", []), FIXED)) == ["ok"]
    assert "evergrant status" in (only(whole(path, Condition("wal", []), BUGGY)).what_to_do or "")


@pytest.mark.parametrize(
    ("marked", "epoch", "expected"),
    [(False, None, []), (False, 3, []), (False, 2, []), (False, 4, ["problem"]), (True, None, ["problem"])],
)
def test_a_database_that_was_restored_from_a_backup_is_told(
    marked: bool, epoch: int | None, expected: list[str]
) -> None:
    row = VaultRow(id="vault_1", proof=b"", vault_key=1, epoch=3, restored=marked, created_at=NOW)
    assert levels(restored(row, epoch)) == expected


@pytest.mark.parametrize(
    ("free", "size", "expected"),
    [(900 * MIB, MIB, "ok"), (900 * MIB, 2000 * MIB, "note"), (100 * MIB, MIB, "warning"), (MIB, MIB, "problem")],
)
def test_room_is_judged_before_it_is_gone(tmp_path: Path, free: int, size: int, expected: str) -> None:
    assert levels(room(tmp_path, free, size, writable=True)) == [expected]


def test_a_disk_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    assert f"findmnt -T {tmp_path}" in (only(room(tmp_path, 900 * MIB, 0, writable=False)).what_to_do or "")


def test_tokens_that_wait_in_the_spool_are_told(tmp_path: Path) -> None:
    assert spool(tmp_path, 0).level == "ok"
    assert "2 new tokens" in only([spool(tmp_path, 2)]).what


def test_a_folder_that_is_no_place_for_a_vault_is_to_be_moved(tmp_path: Path) -> None:
    refused = folder(tmp_path, lambda _: "It is on NFS.")

    assert (refused.level, refused.what) == ("problem", "It is on NFS.")
    assert f"mv {tmp_path} " in (refused.what_to_do or "")
    assert folder(tmp_path, lambda _: None).level == "ok"
