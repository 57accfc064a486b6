"""How much a database does, in the steps of SQLite's virtual machine: the same on every machine and under any load."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import event

from evergrant.store.database import Database


class Steps:
    """Counted on every connection that an engine opens from now on."""

    def __init__(self) -> None:
        self.taken = 0

    def connected(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(self._step, 1)

    def since(self) -> int:
        """Those since it was asked last."""
        taken, self.taken = self.taken, 0
        return taken

    def _step(self) -> int:
        self.taken += 1
        return 0


@contextmanager
def counted(database: Database) -> Generator[Steps]:
    """Counts what the database's connections do in the block."""
    steps = Steps()
    database.let_go()
    event.listen(database.engine, "connect", steps.connected)
    yield steps
    event.remove(database.engine, "connect", steps.connected)
    database.let_go()
