"""A database that is behind its key was restored; one that is ahead, or level, was not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select, update

from evergrant.store.tables import VaultRow
from evergrant.vault.epoch import accept_restore, advance, is_restored
from evergrant.vault.vault import Vault, database_file

pytestmark = pytest.mark.anyio
Opened = Callable[[], Vault]


def restored(vault: Vault) -> bool:
    return is_restored(vault.database, vault.ring)


async def a_copy_and_an_epoch_later(vault: Vault, folder: Path) -> Path:
    """As a person copies a database by hand."""
    copy = shutil.copy(database_file(folder), folder / "copy.db")
    await advance(vault.database, vault.ring)
    return Path(copy)


async def test_an_epoch_is_in_the_database_and_beside_the_key(opened: Opened) -> None:
    vault = opened()
    assert [await advance(vault.database, vault.ring) for _ in range(3)] == [1, 2, 3]
    again = opened()
    assert (again.ring.ring.epoch, restored(again)) == (3, False)


async def test_a_copy_that_is_put_back_is_noticed_when_it_is_opened(opened: Opened, folder: Path) -> None:
    vault = opened()
    copy = await a_copy_and_an_epoch_later(vault, folder)
    vault.close()
    copy.replace(database_file(folder))
    assert restored(opened())
    assert restored(opened())


async def test_a_copy_that_is_put_back_beneath_a_running_process_is_noticed_too(opened: Opened, folder: Path) -> None:
    vault = opened()
    copy = await a_copy_and_an_epoch_later(vault, folder)
    copy.replace(database_file(folder))
    for _ in range(3):
        await advance(vault.database, vault.ring)
    assert restored(vault)
    assert restored(opened())


async def test_a_database_that_is_ahead_of_its_key_is_no_restored_one(opened: Opened) -> None:
    vault = opened()
    await vault.database.write(lambda session: session.exec(update(VaultRow).values(epoch=5)))
    assert not restored(opened())
    assert await advance(vault.database, vault.ring) == 6


async def test_accepting_goes_on_with_the_copy_and_a_second_one_is_noticed_again(opened: Opened, folder: Path) -> None:
    vault = opened()
    copy = await a_copy_and_an_epoch_later(vault, folder)
    vault.close()
    shutil.copy(copy, database_file(folder))
    vault = opened()
    assert await accept_restore(vault.database, vault.ring)
    assert not await accept_restore(vault.database, vault.ring)
    assert not restored(vault)
    assert not restored(opened())
    vault.close()
    shutil.copy(copy, database_file(folder))
    assert restored(opened())


async def test_a_new_database_beside_an_old_key_is_no_restored_one(opened: Opened, folder: Path) -> None:
    vault = opened()
    await advance(vault.database, vault.ring)
    vault.close()
    database_file(folder).unlink()
    again = opened()
    assert not restored(again)
    assert again.database.read(lambda session: session.exec(select(VaultRow.epoch)).one()) == 1
