"""Kept calls among real processes: killed while they run, and resumed by several at once."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.clock import ManualClock
from tests.fakes.practice import START, Practice, practice, sandbox
from tests.fakes.resuming import PATIENCE_S, Resuming
from tests.service.holding import reconnect, stored, waiting
from typing_extensions import override

from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.outcome import OutcomeUnknown, Result
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
APPEND = ("sandbox_append_row", {"row": ["a"]})
CREATE = ("sandbox_create_contact", {"name": "Eve"})
SEARCH = ("sandbox_search_contacts", {"query": "a"})
Call = tuple[str, JsonObject]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def ready(world: Practice, call: Call) -> str:
    """The id of a call that waits though its account was reconnected."""
    account: ConnectedAccount = await world.connect()
    world.sandbox.revoke(user="anna")
    call_id = await waiting(world, account, *call)
    await reconnect(world, account)
    return call_id


def resuming(world: Practice, call_id: str, point: str = "") -> Resuming:
    return Resuming(world.app.settings, call_id, world.clock.now(), point)


def writes(world: Practice) -> int:
    return world.sandbox.count.writes


@pytest.mark.parametrize(("point", "written"), [("call_claimed", 0), ("call_executed", 1)])
async def test_a_write_of_a_killed_process_is_never_sent_again(world: Practice, point: str, written: int) -> None:
    call_id = await ready(world, APPEND)
    assert resuming(world, call_id, point).exit_code() == -9
    assert stored(world, call_id).status == "running"

    outcomes = [await world.app.held_calls.resume(LOCAL_TENANT, call_id) for _ in range(2)]

    assert isinstance(outcomes[0], OutcomeUnknown)
    assert not outcomes[0].retryable
    assert "look at the provider" in outcomes[0].what_to_do
    assert outcomes[0] == outcomes[1]
    assert writes(world) == written


class Gate(ManualClock):
    """A provider's clock by which a delay lasts until the test lets it end."""

    def __init__(self) -> None:
        super().__init__(START)
        self.reached, self.open = threading.Event(), threading.Event()

    @override
    async def sleep(self, seconds: float) -> None:
        self.reached.set()
        await asyncio.to_thread(self.open.wait, PATIENCE_S)


@pytest.mark.parametrize("kind", [FaultKind.DELAY_REQUEST, FaultKind.DELAY_RESPONSE])
async def test_a_process_killed_while_the_provider_works_leaves_one_write_at_most(
    tmp_path: Path, kind: FaultKind
) -> None:
    gate = Gate()
    async with practice(tmp_path, provider=sandbox(gate)) as world:
        call_id = await ready(world, APPEND)
        world.sandbox.faults.add(Fault(kind=kind, where="api", times=1))
        victim = resuming(world, call_id)
        assert await asyncio.to_thread(gate.reached.wait, PATIENCE_S)
        victim.kill()

        outcome = await world.app.held_calls.resume(LOCAL_TENANT, call_id)
        gate.open.set()
        again = await world.app.held_calls.resume(LOCAL_TENANT, call_id)

    assert isinstance(outcome, OutcomeUnknown)
    assert again == outcome
    assert writes(world) <= 1


@pytest.mark.parametrize("call", [SEARCH, CREATE])
@pytest.mark.parametrize("point", ["call_claimed", "call_executed"])
async def test_what_may_be_repeated_is_run_again_after_a_kill(world: Practice, call: Call, point: str) -> None:
    call_id = await ready(world, call)
    assert resuming(world, call_id, point).exit_code() == -9

    outcome = await world.app.held_calls.resume(LOCAL_TENANT, call_id)

    assert isinstance(outcome, Result)
    assert writes(world) == (1 if call is CREATE else 0)


async def test_of_two_processes_that_resume_at_once_one_runs_and_both_have_its_outcome(world: Practice) -> None:
    call_id = await ready(world, APPEND)

    both = [resuming(world, call_id) for _ in range(2)]
    outcomes = [await asyncio.to_thread(one.outcome) for one in both]

    assert isinstance(outcomes[0], Result)
    assert outcomes[0] == outcomes[1]
    assert writes(world) == 1
    assert stored(world, call_id).fence == 1
    assert [one.exit_code() for one in both] == [0, 0]
