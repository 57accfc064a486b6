"""What one process makes of a consent that another finished."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.fakes.practice import START, Practice, practice, surroundings
from tests.fakes.worker import From
from tests.service.holding import reconnect, stored, waiting
from typing_extensions import override

from evergrant.app import open_app
from evergrant.model.clock import SystemClock
from evergrant.model.outcome import Result
from evergrant.service import held
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
PATIENCE_S = 30


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


class Counting(From):
    """The machine's clock, set to the practice's time; it tells how often and for how long it was slept by."""

    def __init__(self) -> None:
        super().__init__(START, SystemClock())
        self.slept: list[float] = []
        self.first = asyncio.Event()

    @override
    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.first.set()
        await super().sleep(seconds)


async def test_a_wait_sees_the_consent_of_another_process_at_its_next_glance(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.revoke(user="anna")
    call_id, clock = await waiting(world, account, "sandbox_append_row", {"row": ["a"]}), Counting()

    async with open_app(world.app.settings, surroundings(clock)) as other:
        wait = asyncio.create_task(other.held_calls.wait(LOCAL_TENANT, call_id, PATIENCE_S))
        await clock.first.wait()
        await reconnect(world, account)
        glances = len(clock.slept)
        assert await wait

    assert len(clock.slept) <= glances + 1
    assert max(clock.slept) <= held.POLL_S < 0.5


async def test_a_server_runs_the_reads_that_another_processs_consent_has_freed(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.revoke(user="anna")
    call_id = await waiting(world, account, "sandbox_search_contacts", {})

    async with open_app(world.app.settings, surroundings(Counting())) as server:
        watch = asyncio.create_task(server.held_calls.runs.watch())
        await reconnect(world, account)
        async with asyncio.timeout(PATIENCE_S):
            while stored(world, call_id).status != "done":
                await asyncio.wait([watch], timeout=0.01)
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch

    assert isinstance(stored(world, call_id).outcome, Result)
    assert stored(world, call_id).fence == 1
