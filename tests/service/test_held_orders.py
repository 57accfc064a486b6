"""Whatever the order of resumes, answers, kills and cancellations: a write is carried out once at most."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio.from_thread
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.practice import Practice, practice

from evergrant.model.account import ConnectedAccount, GrantKey
from evergrant.model.held_call import HeldCall
from evergrant.model.ids import new_id
from evergrant.model.json import JsonObject
from evergrant.model.outcome import (
    CallCancelled,
    CallExpired,
    Outcome,
    OutcomeUnknown,
    ProviderUnavailable,
    RateLimited,
    ReauthRequired,
    Result,
)
from evergrant.service.call_runs import CallRuns
from evergrant.service.held import HeldCalls
from evergrant.store.process_mark import ProcessMark
from evergrant.vault.held_calls import KEPT

pytestmark = pytest.mark.anyio
RESULT = Result(account="conn_1", label="Ada", content=[1])
ANSWERS: dict[str, tuple[bool, Outcome]] = {
    "result": (True, RESULT),
    "lost": (True, ProviderUnavailable(what_happened="Lost.", what_to_do="Look.", retryable=False)),
    "busy": (False, RateLimited(what_happened="Busy.", what_to_do="Wait.")),
    "dead": (False, ReauthRequired(what_happened="Dead.", what_to_do="Reconnect.")),
}
"""Whether the provider carried it out, and what the call came to."""
ENDS = (Result, OutcomeUnknown, CallCancelled, CallExpired)
PROCESSES = st.sampled_from((0, 1))
STEPS = st.one_of(
    st.tuples(st.just("resume"), PROCESSES),
    st.tuples(st.just("answer"), st.sampled_from(sorted(ANSWERS))),
    st.tuples(st.just("kill"), PROCESSES),
    st.tuples(st.just("cancel"), PROCESSES),
    st.tuples(st.just("tend"), PROCESSES),
)
APPEND = "sandbox_append_row"
TOOLS = st.sampled_from((APPEND, "sandbox_create_contact", APPEND, "sandbox_list_rows"))


@dataclass
class Provider:
    """Holds each request until it is told what becomes of it."""

    pending: dict[int, asyncio.Future[Outcome]] = field(default_factory=dict[int, asyncio.Future[Outcome]])
    keys: set[str | None] = field(default_factory=set[str | None])
    carried_out: int = 0


@dataclass
class Process:
    """One process's share of the engine."""

    number: int
    held: HeldCalls
    resumes: list[asyncio.Task[Outcome]] = field(default_factory=list[asyncio.Task[Outcome]])


@dataclass
class Play:
    """One call among two processes."""

    world: Practice
    call: HeldCall
    provider: Provider
    processes: list[Process]

    def start(self, number: int) -> Process:
        async def execute(call: HeldCall, tool_input: JsonObject, *, idempotency_key: str) -> Outcome:
            self.provider.keys.add(idempotency_key)
            self.provider.pending[number] = asyncio.get_running_loop().create_future()
            return await self.provider.pending[number]

        async def usable(_key: GrantKey) -> None:
            return None

        app, mark = self.world.app, ProcessMark(self.world.app.vault.folder / "locks")
        calls, catalog = app.held_calls.calls, app.catalog
        runs = CallRuns(execute, usable, catalog, calls, mark, self.world.clock)
        return Process(number, replace(app.held_calls, runs=runs))

    async def step(self, what: str, detail: object) -> None:
        match what, detail:
            case "resume", int(number):
                held = self.processes[number].held
                resume = asyncio.create_task(held.resume(self.call.tenant_id, self.call.id))
                self.processes[number].resumes.append(resume)
            case "answer", str(kind):
                self.answer(*ANSWERS[kind])
            case "kill", int(number):
                await self.kill(number)
            case "cancel", int(number):
                await self.processes[number].held.cancel(self.call.tenant_id, self.call.id)
            case _:
                await self.processes[0].held.runs.tend()
        await self.settle()

    def answer(self, carried_out: bool, outcome: Outcome) -> None:
        for waiting in self.provider.pending.values():
            self.provider.carried_out += carried_out
            waiting.set_result(outcome)
        self.provider.pending.clear()

    async def kill(self, number: int) -> None:
        """At the worst moment: the provider has carried it out, and its answer reaches nobody."""
        former = self.processes[number]
        waiting = self.provider.pending.pop(number, None)
        self.provider.carried_out += waiting is not None
        for resume in former.resumes:
            resume.cancel()
        if waiting:
            waiting.cancel()
        await former.held.runs.drain()
        self.processes[number] = self.start(number)

    async def settle(self) -> None:
        """Until whatever runs has reached the provider, or its end."""
        await checkpoint()  # a resume that was just begun takes its first step
        while any(self.is_between(process) for process in self.processes):
            await asyncio.to_thread(lambda: None)

    def is_between(self, process: Process) -> bool:
        return process.held.runs.under_way(self.call) and process.number not in self.provider.pending

    async def end(self) -> list[Outcome]:
        """What every resume came to, and one more once all has ended."""
        for process in self.processes:
            await self.step("resume", process.number)
        resumes = [resume for process in self.processes for resume in process.resumes]
        while any(not resume.done() for resume in resumes):
            self.answer(*ANSWERS["result"])
            await asyncio.wait(resumes, timeout=0.001)
        done = [resume.result() for resume in resumes if not resume.cancelled()]
        return [*done, await self.processes[0].held.resume(self.call.tenant_id, self.call.id)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def play(world: Practice, account: ConnectedAccount, tool: str, steps: Sequence[tuple[str, object]]) -> None:
    now = world.clock.now()
    call = HeldCall(
        id=new_id("call", now),
        tenant_id=account.tenant_id,
        account_id=account.id,
        credential="default",
        tool_name=tool,
        effect=world.app.catalog.tool(tool)[1].effect,
        status="waiting",
        fence=0,
        claim=None,
        asked_by=None,
        created_at=now,
        expires_at=now + KEPT,
        tool_input={},
    )
    await world.app.held_calls.calls.add(call, 10**6)
    it = Play(world, call, Provider(), [])
    it.processes = [it.start(number) for number in (0, 1)]
    for what, detail in (("resume", 0), *steps):
        await it.step(what, detail)

    outcomes = await it.end()

    if tool == APPEND:
        assert it.provider.carried_out <= 1
        assert it.provider.carried_out or RESULT not in outcomes
    assert len(it.provider.keys) <= 1
    ends = [outcome for outcome in outcomes if isinstance(outcome, ENDS)]
    assert all(outcome == ends[0] for outcome in ends)


async def test_a_write_is_carried_out_once_at_most_in_any_order_of_events(world: Practice) -> None:
    account = await world.connect()

    @settings(max_examples=40)
    @given(TOOLS, st.lists(STEPS, max_size=6))
    def in_order(tool: str, steps: list[tuple[str, object]]) -> None:
        anyio.from_thread.run(play, world, account, tool, steps)

    await anyio.to_thread.run_sync(in_order)
