"""Threads run to their end: those that wait for a person go on when the account is back, or the call is decided."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

from langgraph.types import Command

from evergrant.adapters.langgraph.waiting import Graph, Waiting, config_of, state_of, waiting_in
from evergrant.model.clock import Clock, SystemClock
from evergrant.sdk.client import Evergrant
from evergrant.sdk.errors import EvergrantError, NotFound, OutcomeUnknown, ServerUnreachable
from evergrant.sdk.events import ReceivedEvent

BACK = "agent.auth.reauth_completed"
DEAD = "agent.auth.reauth_required"
DECIDED = "agent.call.approval_decided"
AWAY_S = 5.0
"""How long a server that cannot be reached is left alone."""
LOOK_EVERY_S = 30.0
"""How often it is looked whether a call still waits for its approval: no event tells of one that was cancelled, or that
nobody decided about in time."""


class _Seen:
    """What one thread has waited for: each call is asked for once, and tried once each time its account comes back."""

    def __init__(self) -> None:
        self._asked: set[tuple[str, str | None, bool]] = set()
        self._tried: set[tuple[str, str | None, int]] = set()

    def new(self, waits: Sequence[Waiting]) -> list[Waiting]:
        fresh = [each for each in waits if _need(each) not in self._asked]
        self._asked |= {_need(each) for each in fresh}
        return fresh

    def untried(self, waits: Sequence[Waiting], back: Mapping[str, int]) -> list[Waiting]:
        dead = [each for each in waits if not each.for_approval]
        marks = [(each, (each.interrupt_id, each.call_id, back.get(each.account, 0))) for each in dead]
        ready = [(each, mark) for each, mark in marks if each.account in back and mark not in self._tried]
        self._tried |= {mark for _, mark in ready}
        return [each for each, _ in ready]


def _need(each: Waiting) -> tuple[str, str | None, bool]:
    return each.interrupt_id, each.call_id, each.for_approval


def _nobody(_: Waiting) -> None:
    """Nobody is asked here: the event asks."""


class Resumer:
    """Runs threads of one graph and follows the events of one server; use it in `async with`.

    `ask` is told of every call that begins to wait, so that its person can be asked: `said` has the link and the code.
    Nothing of it is kept but the graph's own checkpoints: after a crash, complete the same threads again. Of the
    processes that share a checkpointer only one at a time may run a thread, as LangGraph has no lock for it.
    """

    def __init__(
        self, graph: Graph, client: Evergrant, *, ask: Callable[[Waiting], None] = _nobody, clock: Clock | None = None
    ) -> None:
        self._graph = graph
        self._client = client
        self._ask = ask
        self._clock = clock or SystemClock()
        self._back: dict[str, int] = {}
        """The accounts that came back, by the place of the event that said so."""
        self._seq = 0
        self._news = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # What happened before is taken in first: an account that came back and died again is not back.
        async for event in self._client.events():
            self._note(event)
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._following:
            self._following.cancel()
            with suppress(asyncio.CancelledError, EvergrantError):
                await self._following

    async def complete(self, thread_id: str, given: object = None) -> Mapping[str, Any]:
        """Run a thread to its end and return its values; `given` is its input, where it has no checkpoint yet.

        From its last checkpoint where it has one. Returns as well where it waits for something that is not ours.
        Raises what the graph raises (CallCancelled, where a person refused a call and the node lets it through), and
        EvergrantError where the server cannot be asked any more.
        """
        state = await state_of(self._graph, thread_id)
        if not state.interrupts and (state.next or not state.created_at):
            await self._invoke(thread_id, None if state.created_at else given)
        seen = _Seen()
        while True:
            news = self._news
            state = await state_of(self._graph, thread_id)
            waits = list(waiting_in(state))
            if not waits:
                return state.values
            for each in seen.new(waits):
                self._ask(each)
            if ready := [*seen.untried(waits, self._back), *await self._decided(waits)]:
                await self._invoke(thread_id, Command(resume={each.interrupt_id: BACK for each in ready}))
            else:
                await self._next(news, look_again=any(each.for_approval for each in waits))

    async def _invoke(self, thread_id: str, given: object) -> None:
        # Only what is on disk before the next step begins is not done again after a crash.
        await self._graph.ainvoke(given, config_of(thread_id), durability="sync")

    async def _decided(self, waits: Sequence[Waiting]) -> list[Waiting]:
        """Those that wait for an approval no more, whatever was decided, and those that were forgotten meanwhile."""
        return [each for each in waits if each.for_approval and not await self._is_undecided(each.call_id or "")]

    async def _is_undecided(self, call_id: str) -> bool:
        try:
            call = await self._client.get_call(call_id)
        except NotFound:
            return False
        except (ServerUnreachable, OutcomeUnknown):
            return True
        return call.status == "waiting" and call.approval == "wanted"

    async def _next(self, news: asyncio.Event, *, look_again: bool) -> None:
        """Return at the next event, with `look_again` after a while too; raises what ended the following."""
        ends = {asyncio.create_task(news.wait())}
        if look_again:
            ends.add(asyncio.create_task(self._looks_again()))
        try:
            await asyncio.wait({*ends, self._followed()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ends:
                each.cancel()
        if self._followed().done():
            self._followed().result()

    async def _looks_again(self) -> Literal[True]:
        await self._clock.sleep(LOOK_EVERY_S)
        return True

    def _followed(self) -> asyncio.Task[None]:
        if self._following is None:
            raise RuntimeError("a Resumer is used in `async with`")
        return self._following

    async def _follow(self) -> None:
        while True:
            try:
                async for event in self._client.events(after=self._seq, follow=True):
                    self._note(event)
            except (ServerUnreachable, OutcomeUnknown):
                await self._clock.sleep(AWAY_S)

    def _note(self, event: ReceivedEvent) -> None:
        self._seq = event.seq
        if event.type == DEAD and event.account:
            self._back.pop(event.account, None)
        elif event.type == BACK and event.account:
            self._back[event.account] = event.seq
        if event.type in (BACK, DECIDED):
            news, self._news = self._news, asyncio.Event()
            news.set()
