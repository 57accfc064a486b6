"""Runs of kept calls: each call has at most one at a time among all processes, and a write has one at all.

To begin a run is one compare-and-swap in the database. Whoever began it and died is known by its lock, and what it
began is not run again unless that does no harm (`docs/explanation/held-calls.md`).
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from evergrant.calls.refusal import is_repeatable
from evergrant.catalog.catalog import Catalog, UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.model.account import GrantKey
from evergrant.model.clock import Clock
from evergrant.model.failpoint import FailPoint, nothing
from evergrant.model.held_call import HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import (
    AccountPaused,
    ConnectionFault,
    Failure,
    InsufficientScope,
    Outcome,
    ProviderUnavailable,
    RateLimited,
    ReauthRequired,
    Refused,
)
from evergrant.service.held_words import kept, may_be_resumed, outcome_unknown
from evergrant.service.wording import vault_unavailable
from evergrant.store.database import StoreUnavailable
from evergrant.store.process_mark import ProcessMark
from evergrant.vault.held_calls import KeptCalls
from evergrant.vault.seal import SealBroken

MOST_AT_ONCE = 8
"""Reads that run by themselves at one time."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
"""Between two runs of a read that runs by itself and fails."""
WATCH_S = 0.5
STORE_TRIES, STORE_PAUSE_S = 3, 1.0
CallKey = tuple[str, str]
"""Tenant and id of a call."""
Usable = Callable[[GrantKey], Awaitable[object]]
"""Returns when the grant has a token that can be used; raises Refused."""
Run = asyncio.Task[Outcome | None]
"""Gives the outcome, or None where another process was faster."""


class Execute(Protocol):
    """What calls a tool."""

    async def __call__(self, call: HeldCall, tool_input: JsonObject, *, idempotency_key: str) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class CallRuns:
    """Runs kept calls in tasks of their own, so that a caller who goes away disturbs none."""

    execute: Execute
    usable: Usable
    catalog: Catalog
    calls: KeptCalls
    process: ProcessMark
    clock: Clock
    failpoint: FailPoint = nothing
    _runs: dict[CallKey, Run] = field(default_factory=dict[CallKey, Run])

    def under_way(self, call: HeldCall) -> bool:
        """Whether this process runs it now."""
        return _key(call) in self._runs

    def run(self, call: HeldCall) -> Run:
        """The run of a waiting call that is under way in this process, or a new one."""
        return self._runs.get(_key(call)) or self._begin(call, self._run(_key(call)))

    def abandoned(self, call: HeldCall) -> bool:
        """Whether nobody runs it any more, though it was begun."""
        if call.claim is None or not self.process.lives(call.claim):
            return True
        return self.process.is_own(call.claim) and not self.under_way(call)

    async def give_up(self, call: HeldCall) -> None:
        """See to an abandoned run: it may begin again where that does no harm, else its outcome is unknown.

        Raises StoreUnavailable, SealBroken.
        """
        if self._is_repeatable(call):
            await self.calls.put_back(call, self.clock.now())
        else:
            await self.calls.finish(call, outcome_unknown(call), self.clock.now())

    async def watch(self) -> None:
        """Until cancelled, run the reads that wait as soon as their grant lives again, whichever process saw to it."""
        while True:
            with suppress(StoreUnavailable):
                self.begin_due()
            await self.clock.sleep(WATCH_S)

    def begin_due(self) -> None:
        """Begin to run the reads that wait though their grant lives; raises StoreUnavailable."""
        free = MOST_AT_ONCE - len(self._runs)
        for call in self.calls.due_reads(self.clock.now(), free) if free > 0 else ():
            if not self.under_way(call):
                self._begin(call, self._run_by_itself(call))

    async def tend(self) -> None:
        """What is to be done now and then: see to abandoned runs, and give up what has waited too long.

        Raises StoreUnavailable, SealBroken.
        """
        for call in self.calls.running():
            if self.abandoned(call):
                await self.give_up(call)
        await self.calls.expire(self.clock.now())

    async def drain(self) -> None:
        """Let the runs under way come to their end; this process begins no more."""
        if self._runs:
            await asyncio.wait(self._runs.values())  # unlike gather, cancelling this cancels none of them
        self.process.close()

    def _begin(self, call: HeldCall, work: Coroutine[None, None, Outcome | None]) -> Run:
        run, key = asyncio.create_task(work), _key(call)
        self._runs[key] = run
        run.add_done_callback(lambda done: self._landed(key, done))
        return run

    def _landed(self, key: CallKey, run: Run) -> None:
        del self._runs[key]
        if not run.cancelled():
            run.exception()  # taken note of here too: its callers may all have gone

    async def _run_by_itself(self, call: HeldCall) -> Outcome | None:
        """What could not even begin is put off, so that it does not head every look at what is due."""
        try:
            outcome = await self._run(_key(call))
        except SealBroken as error:
            outcome = vault_unavailable(str(error))
        if isinstance(outcome, Failure):
            await self.calls.put_back(call, self.clock.now() + _pause(call, outcome))
        return outcome

    async def _run(self, key: CallKey) -> Outcome | None:
        call = self.calls.get(*key)
        if call is None or call.status != "waiting" or call.is_undecided or call.tool_input is None:
            return None
        try:
            await self.usable(call.grant_key)  # without a usable token there is nothing to begin
        except Refused as refused:
            return self._said(call, refused.failure)
        if not await self.calls.claim(call, self.process.name):
            return None
        self.failpoint("call_claimed")
        begun = replace(call, status="running", claim=self.process.name, fence=call.fence + 1)
        outcome = await self.execute(call, call.tool_input, idempotency_key=_idempotency_key(call))
        self.failpoint("call_executed")
        return await self._settled(begun, self._said(call, outcome))

    async def _settled(self, call: HeldCall, outcome: Outcome) -> Outcome:
        """Store what a run came to, or let the call wait again; a database that is busy for long loses no outcome."""
        for _ in range(STORE_TRIES):
            try:
                if _waits_on(outcome):
                    await self.calls.put_back(call, self.clock.now() + _pause(call, outcome))
                else:
                    await self.calls.finish(call, outcome, self.clock.now())
                break
            except StoreUnavailable:
                await self.clock.sleep(STORE_PAUSE_S)
        return outcome

    def _said(self, call: HeldCall, outcome: Outcome) -> Outcome:
        """The outcome in the words of a kept call."""
        if isinstance(outcome, ReauthRequired):
            return kept(outcome, call.id, call.effect)
        if isinstance(outcome, ProviderUnavailable) and not outcome.retryable and self._is_repeatable(call):
            return may_be_resumed(outcome, call)
        return outcome

    def _is_repeatable(self, call: HeldCall) -> bool:
        """Whether a run of unclear end may be made again: it is sent with the same idempotency key."""
        try:
            tool = self.catalog.tool(call.tool_name)[1]
        except (UnknownTool, DeclarationError):
            return call.effect == "read"
        return is_repeatable(tool) or tool.idempotency_header is not None


def _key(call: HeldCall) -> CallKey:
    return call.tenant_id, call.id


def _waits_on(outcome: Outcome) -> bool:
    """Nothing was carried out, or repeating it does no harm; and a person or a minute may mend it."""
    mendable = isinstance(outcome, ReauthRequired | InsufficientScope | ConnectionFault | AccountPaused)
    return isinstance(outcome, Failure) and (mendable or outcome.retryable)


def _pause(call: HeldCall, outcome: Outcome) -> timedelta:
    """How long a read that failed does not run by itself: longer each time, and as long as the provider says."""
    asked = outcome.retry_after_s if isinstance(outcome, RateLimited | ProviderUnavailable) else None
    ours = min(SHORTEST_PAUSE * (1 << min(max(call.fence - 1, 0), 10)), LONGEST_PAUSE)
    return max(ours, timedelta(seconds=asked or 0))


def _idempotency_key(call: HeldCall) -> str:
    """The same for every run of the call, and in the form that every provider takes: a UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"evergrant:{call.id}"))
