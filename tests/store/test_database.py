import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio.lowlevel
import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from tests.store.conftest import count, count_one_more, sql

from evergrant.store.database import Database, StoreUnavailable

COUNT_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from tests.store.conftest import count_one_more
from evergrant.store.database import Database
database = Database(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(50):
    database.write_now(count_one_more)
database.close()
"""


@pytest.fixture
def statements(database: Database) -> list[str]:
    """What the database's one connection so far sends from now on."""
    seen: list[str] = []
    raw = database.engine.raw_connection()
    assert raw.driver_connection is not None
    raw.driver_connection.set_trace_callback(seen.append)
    raw.close()
    return seen


def test_a_write_begins_with_begin_immediate(database: Database, statements: list[str]) -> None:
    database.write_now(count_one_more)
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "SELECT", "UPDATE", "COMMIT"]
    assert statements[0] == "BEGIN IMMEDIATE"


def test_a_read_is_one_deferred_transaction(database: Database, statements: list[str]) -> None:
    database.read(lambda session: (count(session), count(session)))
    assert [statement.split(" FROM")[0] for statement in statements] == [
        "BEGIN",
        "SELECT number",
        "SELECT number",
        "COMMIT",
    ]


def test_the_pragmas_are_in_force(database: Database) -> None:
    names = ("synchronous", "foreign_keys", "secure_delete", "trusted_schema", "mmap_size", "busy_timeout")
    in_force = database.read(lambda session: {name: sql(session, f"PRAGMA {name}")[0][0] for name in names})
    full = 2
    assert in_force == {
        "synchronous": full,
        "foreign_keys": 1,
        "secure_delete": 1,
        "trusted_schema": 0,
        "mmap_size": 0,
        "busy_timeout": 10_000,
    }


def test_a_writer_does_not_get_in_between_the_steps_of_a_read(database: Database, path: Path) -> None:
    other = Database(path)

    def impatient(session: Session) -> None:
        sql(session, "PRAGMA busy_timeout=0")
        count_one_more(session)

    def work(session: Session) -> tuple[int, int]:
        before = count(session)
        with pytest.raises(StoreUnavailable, match="locked"):
            other.write_now(impatient)
        return before, count(session)

    assert database.read(work) == (0, 0)
    other.close()


def test_increments_of_many_threads_are_all_counted(database: Database) -> None:
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(database.write_now, count_one_more) for _ in range(100)]:
            done.result()
    assert database.read(count) == 100


def test_increments_of_two_processes_are_all_counted(database: Database, path: Path) -> None:
    command = [sys.executable, "-c", COUNT_IN_ANOTHER_PROCESS, str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        for _ in range(50):
            database.write_now(count_one_more)
    assert other.returncode == 0
    assert database.read(count) == 100


def test_what_raises_changes_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        count_one_more(session)
        raise LookupError

    with pytest.raises(LookupError):
        database.write_now(work)
    assert database.read(count) == 0


def test_a_broken_constraint_is_the_callers_matter(database: Database) -> None:
    with pytest.raises(IntegrityError):
        database.write_now(lambda session: sql(session, "INSERT INTO counter VALUES (0)"))


def directory(path: Path) -> None:
    path.mkdir()


def no_database(path: Path) -> None:
    path.write_bytes(b"something else entirely " * 1000)


def folder_gone(path: Path) -> None:
    path.parent.rmdir()


@pytest.mark.parametrize("spoil", [directory, no_database, folder_gone])
def test_a_file_that_cannot_be_used_is_store_unavailable(path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(path)
    database = Database(path)
    with pytest.raises(StoreUnavailable, match="database cannot be used"):
        database.read(count)
    with pytest.raises(StoreUnavailable):
        database.write_now(count_one_more)
    database.close()


def test_a_corrupt_page_is_store_unavailable(database: Database, path: Path) -> None:
    def fill(session: Session) -> None:
        for number in range(1, 3000):
            sql(session, f"INSERT INTO counter VALUES ({number})")  # noqa: S608 - likewise ours

    database.write_now(fill)
    database.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="malformed"):
        database.read(lambda session: sql(session, "SELECT number FROM counter ORDER BY number + 0"))
    database.close()


@pytest.mark.anyio
async def test_callers_that_are_cancelled_leave_their_writes_to_run_to_the_end(database: Database) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        entered.set()
        go.wait(10)
        count_one_more(session)

    under_way = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(entered.wait, 10)
    queued = asyncio.create_task(database.write(count_one_more))
    await anyio.lowlevel.checkpoint()
    for caller in (under_way, queued):
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
    go.set()
    await database.write(count_one_more)  # waits for its turn behind the two
    assert database.read(count) == 3


@pytest.mark.anyio
async def test_the_writes_of_a_process_run_one_at_a_time_and_in_their_order(database: Database) -> None:
    inside: list[int] = []
    done: list[tuple[int, int]] = []

    def work(number: int, session: Session) -> None:
        inside.append(number)
        count_one_more(session)
        done.append((number, len(inside)))
        inside.remove(number)

    await asyncio.gather(*(database.write(partial(work, number)) for number in range(30)))
    assert done == [(number, 1) for number in range(30)]


@pytest.mark.anyio
async def test_a_write_gives_back_what_its_work_returns(database: Database) -> None:
    assert await database.write(lambda session: count(session) + 41) == 41


@pytest.mark.anyio
async def test_a_write_to_a_closed_database_is_store_unavailable(path: Path) -> None:
    database = Database(path)
    database.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await database.write(count_one_more)


@pytest.mark.anyio
async def test_an_emptied_log_holds_nothing_of_what_was_deleted(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    database = Database(path)
    database.write_now(lambda session: sql(session, "CREATE TABLE note (text TEXT)"))
    database.write_now(lambda session: sql(session, "INSERT INTO note VALUES ('a word of which nothing stays')"))
    database.write_now(lambda session: sql(session, "DELETE FROM note"))
    log = path.with_name("vault.db-wal")
    assert b"nothing stays" in log.read_bytes()

    assert await database.empty_log()

    assert log.stat().st_size == 0
    assert b"nothing stays" not in path.read_bytes()
    database.close()


@pytest.mark.anyio
async def test_a_database_without_a_log_has_nothing_to_empty(database: Database) -> None:
    assert await database.empty_log()
