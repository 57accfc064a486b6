"""Calls that met a dead grant: kept, sealed, and gone on with once, after the reconnect.

A write never runs twice. To begin a run is one compare-and-swap in the database; whoever began it and died is known by
its lock, and what it began is not run again unless that does no harm (`docs/explanation/held-calls.md`).
"""

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from evergrant.calls.refusal import is_repeatable
from evergrant.catalog.catalog import UnknownConnector, UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Tool
from evergrant.model.account import AccountKey
from evergrant.model.clock import Clock
from evergrant.model.held_call import HeldCall
from evergrant.model.ids import new_id
from evergrant.model.json import JsonObject
from evergrant.model.outcome import (
    ConnectionFault,
    Failure,
    InsufficientScope,
    Outcome,
    ProviderUnavailable,
    RateLimited,
    ReauthRequired,
    Refused,
)
from evergrant.service.execute import Executor
from evergrant.service.held_words import (
    call_cancelled,
    call_expired,
    kept,
    may_be_resumed,
    no_such_call,
    not_kept,
    outcome_unknown,
    still_running,
)
from evergrant.service.wording import vault_unavailable
from evergrant.store.changes import Changes
from evergrant.store.database import StoreUnavailable
from evergrant.store.process_mark import ProcessMark
from evergrant.tokens.source import TokenSource
from evergrant.vault.held_calls import KEPT, KeptCalls
from evergrant.vault.seal import SealBroken

MOST_WAITING = 1000
"""Calls of one account that wait at one time."""
LARGEST_INPUT = 256 * 1024
"""Characters of an input that is kept, as JSON."""
SAME_READ = timedelta(hours=1)
"""A read that was kept within it stands for the same read asked again: an agent that asks every minute is given one
call to resume, and the provider one request after the reconnect."""
POLL_S, LOOK_AGAIN_S = 0.2, 1.0
PATIENCE_S = 60.0
"""How long a resume waits for a run in another process."""
MOST_AT_ONCE = 8
"""Reads that run by themselves at one time."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
"""Between two runs of a read that runs by itself."""
WATCH_S = 1.0
STORE_TRIES, STORE_PAUSE_S = 3, 1.0
HeldKey = tuple[str, str]
"""Tenant and id of a call."""


@dataclass(frozen=True, slots=True)
class HeldCalls:
    """Executes tools as the executor does, and keeps the calls that wait for a person."""

    executor: Executor
    tokens: TokenSource
    calls: KeptCalls
    changes: Changes
    process: ProcessMark
    clock: Clock
    _runs: dict[HeldKey, asyncio.Task[Outcome | None]] = field(
        default_factory=dict[HeldKey, asyncio.Task[Outcome | None]]
    )

    async def execute(
        self, key: AccountKey, tool_name: str, tool_input: JsonObject, *, asked_by: str | None = None
    ) -> Outcome:
        """As Executor.execute_tool; a ReauthRequired comes back with a `call_id`: the call is kept, sealed."""
        outcome = await self.executor.execute_tool(key, tool_name, tool_input)
        if not isinstance(outcome, ReauthRequired):
            return outcome
        try:
            return await self._kept(outcome, self._new(key, tool_name, tool_input, asked_by))
        except (StoreUnavailable, SealBroken) as error:
            return not_kept(outcome, f"it could not be stored: {error}")

    async def resume(self, tenant_id: str, call_id: str) -> Outcome:
        """Run a kept call once, or give back what it came to; ReauthRequired while its grant is still dead.

        Of several resumes at once, in whatever processes, one runs and the others wait for its outcome. A run goes on
        to its end, and its outcome is kept, when its caller is cancelled.
        """
        end = self.clock.monotonic() + PATIENCE_S
        try:
            while True:
                seen = self.changes.number()
                if (outcome := await self._resumed((tenant_id, call_id), end)) is not None:
                    return outcome
                await self._changed(seen, end)
        except (StoreUnavailable, SealBroken) as error:
            return vault_unavailable(str(error))

    async def wait(self, tenant_id: str, call_id: str, seconds: float) -> bool:
        """Whether the call can be resumed (or has ended, or is not there), waiting for it up to so long.

        True within half a second of a consent finished by any process. Raises nothing.
        """
        end = self.clock.monotonic() + seconds
        while True:
            seen = self.changes.number()
            with suppress(StoreUnavailable):
                if self.calls.ready(tenant_id, call_id):
                    return True
            if self.clock.monotonic() >= end:
                return False
            await self._changed(seen, end)

    def get(self, tenant_id: str, call_id: str) -> HeldCall | None:
        """The tenant's call of that id, with its input or its outcome; raises StoreUnavailable, SealBroken."""
        return self.calls.get(tenant_id, call_id)

    def listed(self, tenant_id: str, account_id: str | None = None, *, ended: bool = False) -> list[HeldCall]:
        """The calls that wait or run, with `ended` all, newest first, without contents; raises StoreUnavailable."""
        return self.calls.listed(tenant_id, account_id, ended=ended)

    async def cancel(self, tenant_id: str, call_id: str) -> bool:
        """Whether the call was waiting and will now never run; raises StoreUnavailable."""
        return await self.calls.cancel(tenant_id, call_id, self.clock.now())

    async def watch(self) -> None:
        """Until cancelled, run the reads that wait as soon as their grant lives again, whichever process saw to it."""
        while True:
            with suppress(StoreUnavailable):
                self.run_due()
            await self.clock.sleep(WATCH_S)

    def run_due(self) -> None:
        """Begin to run the reads whose grant lives again; raises StoreUnavailable."""
        free = MOST_AT_ONCE - len(self._runs)
        for key in self.calls.due_reads(self.clock.now(), free) if free > 0 else ():
            self._run(key, by_itself=True)

    async def tend(self) -> None:
        """What is to be done now and then: see to runs whose process died, and give up what has waited too long.

        Raises StoreUnavailable, SealBroken.
        """
        for call in self.calls.running():
            if self._abandoned(call):
                await self._given_up(call)
        await self.calls.expire(self.clock.now())

    async def drain(self) -> None:
        """Let the runs under way come to their end, and be told for dead afterwards."""
        if self._runs:
            await asyncio.wait(self._runs.values())  # unlike gather, cancelling this cancels none of them
        self.process.close()
        self.changes.close()

    def _new(self, key: AccountKey, tool_name: str, tool_input: JsonObject, asked_by: str | None) -> HeldCall:
        now, tool = self.clock.now(), self.executor.catalog.tool(tool_name)[1]
        return HeldCall(
            id=new_id("call", now),
            tenant_id=key.tenant_id,
            account_id=key.account_id,
            credential=tool.credential,
            tool_name=tool_name,
            effect=tool.effect,
            status="waiting",
            fence=0,
            claim=None,
            asked_by=asked_by,
            created_at=now,
            expires_at=now + KEPT,
            tool_input=tool_input,
        )

    async def _kept(self, outcome: ReauthRequired, call: HeldCall) -> ReauthRequired:
        if call.effect == "read" and (same := self.calls.same_read(call, call.created_at - SAME_READ)):
            return kept(outcome, same, call.effect)
        if call.size > LARGEST_INPUT:
            return not_kept(outcome, "its input is too large to be kept")
        if not await self.calls.add(call, MOST_WAITING):
            return not_kept(outcome, f"{MOST_WAITING} calls of this account wait already")
        return kept(outcome, call.id, call.effect)

    async def _resumed(self, key: HeldKey, end: float) -> Outcome | None:
        """What the call came to; None where it must be looked at again."""
        if key in self._runs:
            return await asyncio.shield(self._runs[key])
        call = self.calls.get(*key)
        if call is None:
            return no_such_call()
        if call.status == "waiting" and call.expires_at > self.clock.now():
            return await asyncio.shield(self._run(key))
        if call.status == "running" and self._abandoned(call):
            await self._given_up(call)
            return await self._resumed(key, end)
        if call.status == "running":
            return still_running(call) if self.clock.monotonic() >= end else None
        return call.outcome or (call_cancelled(call) if call.status == "cancelled" else call_expired(call))

    def _run(self, key: HeldKey, *, by_itself: bool = False) -> asyncio.Task[Outcome | None]:
        """The run of the call that is under way in this process, or a new one, in a task of its own."""
        if key not in self._runs:
            run = asyncio.create_task(self._ran(key, by_itself=by_itself))
            self._runs[key] = run
            run.add_done_callback(lambda done: self._landed(key, done))
        return self._runs[key]

    def _landed(self, key: HeldKey, run: asyncio.Task[Outcome | None]) -> None:
        del self._runs[key]
        if not run.cancelled():
            run.exception()  # taken note of here too: its callers may all have gone

    async def _ran(self, key: HeldKey, *, by_itself: bool) -> Outcome | None:
        """The outcome of one run; None where another was faster."""
        call = self.calls.get(*key)
        if call is None or call.status != "waiting" or call.tool_input is None:
            return None
        try:
            await self.tokens.grant(call.grant_key)  # without a usable token there is nothing to begin
        except Refused as refused:
            if by_itself:
                await self.calls.put_back(call, self.clock.now() + _pause(call, None))
            return self._said(call, refused.failure)
        if not await self.calls.claim(call, self.process.name):
            return None
        mine = replace(call, status="running", claim=self.process.name, fence=call.fence + 1)
        outcome = await self.executor.execute_tool(
            call.account_key, call.tool_name, call.tool_input, idempotency_key=_idempotency_key(call)
        )
        return await self._settled(mine, outcome)

    async def _settled(self, call: HeldCall, outcome: Outcome) -> Outcome:
        """Store what a run came to, or let the call wait again; a disk that is full for a moment loses no outcome."""
        said = self._said(call, outcome)
        for _ in range(STORE_TRIES):
            try:
                if _waits_on(said):
                    await self.calls.put_back(call, self.clock.now() + _pause(call, said))
                else:
                    await self.calls.finish(call, said, self.clock.now())
                break
            except StoreUnavailable:
                await self.clock.sleep(STORE_PAUSE_S)
        return said

    def _said(self, call: HeldCall, outcome: Outcome) -> Outcome:
        if isinstance(outcome, ReauthRequired):
            return kept(outcome, call.id, call.effect)
        if isinstance(outcome, ProviderUnavailable) and not outcome.retryable and self._is_repeatable(call):
            return may_be_resumed(outcome, call)
        return outcome

    async def _given_up(self, call: HeldCall) -> None:
        """See to a run whose process died: it may run again where that does no harm, else its outcome is unknown."""
        if self._is_repeatable(call):
            await self.calls.put_back(call, self.clock.now())
        else:
            await self.calls.finish(call, outcome_unknown(call), self.clock.now())

    def _abandoned(self, call: HeldCall) -> bool:
        """Whether nobody runs it any more, though it was begun."""
        if call.claim == self.process.name:
            return (call.tenant_id, call.id) not in self._runs
        return call.claim is None or not self.process.lives(call.claim)

    def _is_repeatable(self, call: HeldCall) -> bool:
        """Whether a run of unclear end may be made again: it is sent with the same idempotency key."""
        tool = self._tool(call)
        return tool is not None and (is_repeatable(tool) or tool.idempotency_header is not None)

    def _tool(self, call: HeldCall) -> Tool | None:
        try:
            return self.executor.catalog.tool(call.tool_name)[1]
        except (UnknownTool, UnknownConnector, DeclarationError):
            return None

    async def _changed(self, seen: int, end: float) -> None:
        """Return when anybody has written to the vault since `seen`; at the latest after a second, or at the end.

        A second, for a process that dies writes nothing.
        """
        end = min(end, self.clock.monotonic() + LOOK_AGAIN_S)
        while self.changes.number() == seen and (left := end - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(POLL_S, left))


def _waits_on(outcome: Outcome) -> bool:
    """Nothing was carried out, or repeating it does no harm; a person or a minute may mend it."""
    mendable = isinstance(outcome, ReauthRequired | InsufficientScope | ConnectionFault)
    return isinstance(outcome, Failure) and (mendable or outcome.retryable)


def _pause(call: HeldCall, outcome: Outcome | None) -> timedelta:
    """How long a read that failed does not run by itself: longer each time, and as long as the provider says."""
    asked = outcome.retry_after_s if isinstance(outcome, RateLimited | ProviderUnavailable) else None
    return max(min(SHORTEST_PAUSE * (1 << min(call.fence, 10)), LONGEST_PAUSE), timedelta(seconds=asked or 0))


def _idempotency_key(call: HeldCall) -> str:
    """The same for every run of the call, and in the form that every provider takes: a UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"evergrant:{call.id}"))
