"""The disk is full, read-only, gone or damaged at the worst moment: a typed failure, nothing lost, and on it goes."""

import sqlite3
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from tests.fakes.practice import Practice, practice

from evergrant.model.outcome import Result, VaultUnavailable

pytestmark = pytest.mark.anyio


class Trouble:
    """What happens at the fail point `before_commit`, once: between the provider's answer and the disk."""

    def __init__(self) -> None:
        self.strike: Callable[[], None] | None = None

    def __call__(self, point: str) -> None:
        if point == "before_commit" and self.strike:
            strike, self.strike = self.strike, None
            strike()


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
async def world(tmp_path: Path, trouble: Trouble) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path, failpoint=trouble) as made:
        yield made


async def survives(world: Practice, trouble: Trouble, strike: Callable[[], None], mend: Callable[[], None]) -> None:
    account = await world.connect()
    world.clock.advance(1801)
    trouble.strike = strike

    assert isinstance(await world.search(account), VaultUnavailable)
    mend()
    assert isinstance(await world.search(account), Result)

    count = world.sandbox.count
    assert (count.refreshes, count.spent_presented, count.grants_dead) == (1, 0, 0)


async def test_a_full_disk_costs_no_grant(world: Practice, trouble: Trouble) -> None:
    engine, full = world.app.vault.database.engine, [False]

    def refuse(*arguments: object) -> None:
        statement = str(arguments[2])
        if full[0] and not statement.startswith("SELECT"):
            raise OperationalError(statement, None, sqlite3.OperationalError("database or disk is full"))

    event.listen(engine, "before_cursor_execute", refuse)
    await survives(world, trouble, lambda: full.__setitem__(0, True), lambda: full.__setitem__(0, False))


async def test_a_database_that_turns_read_only_costs_no_grant(world: Practice, trouble: Trouble) -> None:
    engine, locked = world.app.vault.database.engine, [False]

    def only_read(connection: sqlite3.Connection, *_more: object) -> None:
        connection.execute(f"PRAGMA query_only={'ON' if locked[0] else 'OFF'}")

    event.listen(engine, "connect", only_read)

    def turn(to: bool) -> None:
        locked[0] = to
        engine.dispose()

    await survives(world, trouble, lambda: turn(True), lambda: turn(False))


async def test_a_database_that_is_gone_for_a_while_costs_no_grant(
    world: Practice, trouble: Trouble, tmp_path: Path
) -> None:
    file, elsewhere = tmp_path / "vault.db", tmp_path / "elsewhere.db"

    await survives(world, trouble, lambda: _move(file, elsewhere), lambda: _move(elsewhere, file))


async def test_a_damaged_page_is_a_typed_failure_and_not_a_dead_grant(world: Practice, tmp_path: Path) -> None:
    account = await world.connect()
    file = tmp_path / "vault.db"
    sound = file.read_bytes()
    damaged = sound[:4096] + b"\xff" * (len(sound) - 4096)
    world.app.vault.database.engine.dispose()
    file.write_bytes(damaged)

    assert isinstance(await world.search(account), VaultUnavailable)

    world.app.vault.database.engine.dispose()
    file.write_bytes(sound)
    assert isinstance(await world.search(account), Result)


async def test_a_rescued_token_is_sealed(world: Practice, trouble: Trouble, tmp_path: Path) -> None:
    account = await world.connect()
    world.clock.advance(1801)
    file, elsewhere = tmp_path / "vault.db", tmp_path / "elsewhere.db"
    trouble.strike = lambda: _move(file, elsewhere)
    await world.search(account)

    spool = (tmp_path / "spool").read_bytes()
    _move(elsewhere, file)

    assert spool.strip(b"\0")
    assert b"sbx_" not in spool


def _move(source: Path, target: Path) -> None:
    source.rename(target)
