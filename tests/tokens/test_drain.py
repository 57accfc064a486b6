"""An app that is closed lets what is under way come to its end: a refresh token may be good only once."""

import asyncio
from pathlib import Path

import pytest
from tests.fakes.practice import Practice, practice

from evergrant.model.account import GrantKey
from evergrant.model.outcome import Outcome, Result
from evergrant.vault.grants import Grants
from evergrant.vault.vault import open_vault

pytestmark = pytest.mark.anyio


class Reached:
    """A fail point that tells when an exchange has begun."""

    def __init__(self) -> None:
        self.exchange = asyncio.Event()

    def __call__(self, name: str) -> None:
        if name == "intent_written":
            self.exchange.set()


def stored_generation(world: Practice, key: GrantKey) -> int:
    """As another process finds it in the vault that was closed."""
    vault = open_vault(world.app.vault.folder, "file", lambda: None, world.clock)
    held = Grants(vault.database, vault.data_keys).load(key)
    vault.close()
    assert held is not None
    assert held.intent_at is None
    return held.grant.generation


@pytest.mark.parametrize("caller_stays", [True, False])
async def test_closing_waits_for_an_exchange_and_its_commit(tmp_path: Path, caller_stays: bool) -> None:
    reached = Reached()
    async with practice(tmp_path, failpoint=reached) as world:
        account = await world.connect()
        world.clock.advance(1801)
        caller = asyncio.create_task(world.app.tokens.grant(account.grant_key))
        await reached.exchange.wait()
        assert world.sandbox.count.refreshes == 0
        if not caller_stays:
            caller.cancel()

    await asyncio.wait([caller])
    assert caller.cancelled() is not caller_stays
    assert world.sandbox.count.refreshes == 1
    assert stored_generation(world, account.grant_key) == 2


async def test_closing_waits_for_a_write_and_the_exchange_it_needs(tmp_path: Path) -> None:
    reached = Reached()
    async with practice(tmp_path, failpoint=reached) as world:
        account = await world.connect()
        world.clock.advance(1801)
        caller: asyncio.Task[Outcome] = asyncio.create_task(
            world.app.executor.execute_tool(account.key, "sandbox_create_contact", {"name": "Late Comer"})
        )
        await reached.exchange.wait()

    assert isinstance(await caller, Result)
    assert [made.name for made in world.sandbox.book("anna").search("Late Comer", 10, "").results] == ["Late Comer"]
    assert stored_generation(world, account.grant_key) == 2
