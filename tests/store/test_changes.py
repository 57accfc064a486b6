"""Whether anybody has written to the database."""

from pathlib import Path

import pytest
from sqlalchemy import text

from evergrant.store.changes import BUSY, Changes
from evergrant.store.database import Database

pytestmark = pytest.mark.anyio


async def test_the_number_moves_with_each_commit_and_stays_between_them(tmp_path: Path) -> None:
    database, changes = Database(tmp_path / "x.db"), Changes(tmp_path / "x.db")
    await database.write(lambda session: session.connection().execute(text("CREATE TABLE t (x)")))

    seen = [changes.number() for _ in range(2)]
    await database.write(lambda session: session.connection().execute(text("INSERT INTO t VALUES (1)")))
    seen += [changes.number() for _ in range(2)]
    database.read(lambda session: session.connection().execute(text("SELECT * FROM t")).all())
    seen.append(changes.number())

    assert seen[0] == seen[1] != seen[2] == seen[3] == seen[4]
    changes.close()
    database.close()


def test_a_database_that_is_gone_is_nothing_to_fail_at(tmp_path: Path) -> None:
    assert Changes(tmp_path / "none.db").number() == BUSY
