"""Twenty calls at once on one expired rotating token: the rows of `docs/explanation/comparison.md`."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.fakes import worker
from tests.fakes.command import Command, free_port
from tests.fakes.practice import START, practice, sandbox

from evergrant.model.clock import SystemClock
from evergrant.model.outcome import ReauthRequired, Result
from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
GRACE = Behaviour(access_token_ttl=1800, rotation=Rotation.GRACE_SAME, grace_s=600)


async def test_one_process_makes_one_request_and_twenty_of_twenty_succeed(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
        world.clock.advance(1801)

        outcomes = await asyncio.gather(*(world.search(account) for _ in range(20)))

        assert Counter(type(outcome) for outcome in outcomes) == {Result: 20}
        assert world.sandbox.count.token_requests["refresh_token"] == 1


async def test_two_processes_make_one_request_however_slow_the_token_endpoint_is(tmp_path: Path) -> None:
    delays = (0.0, 11.0, 14.0)  # they are waited for together
    found = await asyncio.gather(*(_called_by_two(tmp_path / f"{delay}", delay) for delay in delays))
    assert dict(zip(delays, found, strict=True)) == dict.fromkeys(delays, ([{"result": 10}, {"result": 10}], 1))


async def _called_by_two(home: Path, delay: float) -> tuple[list[Mapping[str, int]], int]:
    """What two processes' calls came to at a token endpoint so slow, and how many exchanges it was asked for."""
    provider = sandbox(worker.From(START, SystemClock()))
    async with practice(home, provider=provider) as world:
        account = await world.connect()
        if delay:
            provider.faults.add(Fault(kind=FaultKind.DELAY_RESPONSE, seconds=delay, times=1))
        world.clock.advance(1801)

        both = [worker.start(home, account.id, world.clock.now(), 10) for _ in range(2)]
        found = [await asyncio.to_thread(worker.outcomes, one) for one in both]

        return found, provider.count.token_requests["refresh_token"]


async def test_two_processes_and_the_command_line_make_one_request(tmp_path: Path) -> None:
    provider = sandbox(worker.From(START, SystemClock()))
    async with practice(tmp_path, provider=provider) as world:
        account = await world.connect()
        today = SystemClock().now()  # to the command the token has ended months ago

        command = Command(tmp_path, free_port())
        called = command.start("call", "sandbox_search_contacts", "--account", account.alias, "--json")
        both = [worker.start(tmp_path, account.id, today, 10) for _ in range(2)]
        found = [await asyncio.to_thread(worker.outcomes, one) for one in both]
        said, trouble = await asyncio.to_thread(called.communicate)

        assert found == [{"result": 10}, {"result": 10}]
        assert (called.returncode, trouble) == (0, "")
        assert "data" in json.loads(said)
        assert provider.count.token_requests["refresh_token"] == 1


async def test_a_lost_rotation_answer_is_recovered_in_silence_where_there_is_a_grace(tmp_path: Path) -> None:
    table = {"rotation": "always", "grace_s": 600, "grace_result": "same"}
    async with practice(tmp_path, GRACE, grant=table) as world:
        account = await world.connect()
        world.clock.advance(1801)
        world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, times=1))

        outcomes = await asyncio.gather(*(world.search(account) for _ in range(20)))

        assert Counter(type(outcome) for outcome in outcomes) == {Result: 20}
        assert world.app.outbox.after(LOCAL_TENANT, 0, 10) == []
        assert world.sandbox.count.token_requests["refresh_token"] == 2


async def test_a_lost_rotation_answer_is_one_event_within_seconds_where_there_is_none(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
        world.clock.advance(1801)
        world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, times=1))
        began = world.clock.now()

        outcomes = await asyncio.gather(*(world.search(account) for _ in range(20)))

        assert Counter(type(outcome) for outcome in outcomes) == {ReauthRequired: 20}
        [event] = world.app.outbox.after(LOCAL_TENANT, 0, 10)
        assert event.data["cause"] == "rotation_lost"
        assert (event.occurred_at - began).total_seconds() < 20
        assert world.sandbox.count.token_requests["refresh_token"] == 2
