"""SQLite transactions that are what they seem: reads in a deferred one, writes in BEGIN IMMEDIATE, one at a time.

SQLAlchemy's default for SQLite sends a SELECT before BEGIN, so that read-check-write is not atomic; here the driver
begins nothing and the `begin` event says which kind it is.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlmodel import Session

T = TypeVar("T")
Work = Callable[[Session], T]
BUSY_TIMEOUT_MS = 10_000
WAL_RESET_FIXED = (3, 51, 3)
WAL_RESET_BACKPORTS = ((3, 44, 6), (3, 50, 7))


NEWS = "evergrant_news"


class StoreUnavailable(Exception):
    """The database cannot be read or written now: gone, full, read-only or locked. The message says which."""


class TenantGone(Exception):
    """What was to be written is of a tenant that is not there, or not any more; nothing was written."""


class Database:
    """One SQLite file; `read` runs where it is called, `write` on a thread of its own, where writers queue."""

    def __init__(self, path: Path) -> None:
        with suppress(OSError):  # the first use says what is wrong
            path.touch(mode=0o600)
        self._path = path
        self._engine = _engine(path)
        self._inode: int | None = None
        self._readers = deque[PoolProxiedConnection]()
        self._listeners: list[Callable[[], object]] = []
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evergrant-writer")

    @property
    def engine(self) -> Engine:
        return self._engine

    def read(self, work: Work[T]) -> T:
        """What `work` reads, in one snapshot; raises StoreUnavailable."""
        return _run(self._engine, "BEGIN", work)

    def first(self, sql: str, values: Sequence[str]) -> Sequence[Any] | None:
        """The first row that one SELECT finds, which is a snapshot by itself; raises StoreUnavailable."""
        try:
            connection = self._reader()
            try:
                found = connection.cursor().execute(sql, values).fetchall()
            except sqlite3.Error:
                connection.invalidate()
                raise
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The vault's database cannot be used: {error}") from None
        self._readers.append(connection)
        return found[0] if found else None

    def _reader(self) -> PoolProxiedConnection:
        """One that a reader has left, else a new one: borrowing it from the pool each time takes as long as a query."""
        try:
            return self._readers.pop()
        except IndexError:
            return self._engine.raw_connection()

    async def write(self, work: Work[T]) -> T:
        """What `work` returns, after its transaction is on disk; raises StoreUnavailable, TenantGone.

        A caller that is cancelled leaves the transaction to run to its end.
        """
        loop = asyncio.get_running_loop()
        try:
            writing = loop.run_in_executor(self._writer, self.write_now, work)
        except RuntimeError:
            raise StoreUnavailable("The vault is closed.") from None
        return await asyncio.shield(writing)

    def write_now(self, work: Work[T]) -> T:
        """`write` for callers without an event loop."""
        self._check_file()
        news: list[bool] = []

        def told(session: Session) -> T:
            result = work(session)
            news.append(NEWS in session.info)
            return result

        result = _run(self._engine, "BEGIN IMMEDIATE", told)
        for listener in self._listeners if any(news) else ():
            listener()
        return result

    @contextmanager
    def listening(self, listener: Callable[[], object]) -> Generator[None]:
        """Within the block `listener` is called, on any thread, after each commit here that has news."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def empty_log(self) -> bool:
        """Whether the write-ahead log is empty now: what `secure_delete` wrote over lives on in it until then.

        Readers are waited for as long as for any lock. True where there is no such log; raises StoreUnavailable.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._empty_log)

    def _empty_log(self) -> bool:
        connection = self._engine.raw_connection()  # a checkpoint cannot run within a transaction
        try:
            busy: int = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The vault's database cannot be used: {error}") from None
        finally:
            connection.close()

    def _check_file(self) -> None:
        """A deleted or replaced file would take writes without a word, and nobody would ever read them."""
        try:
            inode = self._path.stat().st_ino
        except OSError as error:
            raise StoreUnavailable(f"The vault's database {self._path} is gone: {error.strerror}.") from None
        if self._inode not in (None, inode):
            self.let_go()
        self._inode = inode

    def close(self) -> None:
        """Finish the write under way and close every connection."""
        self._writer.shutdown(wait=True)
        self.let_go()

    def let_go(self) -> None:
        """Close every connection; whoever needs one opens a new one."""
        while self._readers:
            self._readers.pop().close()
        self._engine.dispose()


def mark_news(session: Session) -> None:
    """Have those who listen to this database told, once the transaction is committed."""
    session.info[NEWS] = True


def _run(engine: Engine, begin: str, work: Work[T]) -> T:
    try:
        with (
            engine.connect().execution_options(evergrant_begin=begin) as connection,
            Session(bind=connection, expire_on_commit=False) as session,
        ):
            result = work(session)
            session.commit()
            return result
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.IntegrityError):
            # The only foreign key of any table is its tenant.
            if error.orig.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                raise TenantGone("Its tenant was removed meanwhile; nothing was stored.") from None
            raise
        raise StoreUnavailable(f"The vault's database cannot be used: {error.orig}") from error


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,
        pool_size=8,
        max_overflow=8,
    )
    event.listen(engine, "connect", _on_connect, insert=True)  # before SQLAlchemy's own first look
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # SQLite's own lower() knows ASCII alone.
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        "mmap_size=0",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("evergrant_begin", "BEGIN IMMEDIATE"))


def journal_mode(version: tuple[int, int, int]) -> str:
    """WAL where this SQLite has the fix of the WAL-reset bug (sqlite.org/wal.html#walresetbug), else DELETE."""
    backported = any(version[:2] == fixed[:2] and version >= fixed for fixed in WAL_RESET_BACKPORTS)
    return "WAL" if version >= WAL_RESET_FIXED or backported else "DELETE"


def set_journal_mode(path: Path) -> str:
    """Give the file the journal mode that this SQLite is safe with; returns the mode in force.

    A vault may have been made by a newer SQLite. Raises StoreUnavailable.
    """
    wanted = journal_mode(sqlite3.sqlite_version_info)
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
            now: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
            if now.upper() != wanted:
                now = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0]
            return now
    except sqlite3.Error as error:
        raise StoreUnavailable(f"The vault's database cannot be used: {error}") from None
