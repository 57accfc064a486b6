"""Calls that wait for a person: kept, sealed, and gone on with once, after the reconnect or the approval.

The runs are in `service/call_runs.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from evergrant.calls.trace import CallTrace
from evergrant.model.account import AccountKey
from evergrant.model.clock import Clock
from evergrant.model.event import Event, approval_required
from evergrant.model.held_call import HeldCall
from evergrant.model.ids import new_id
from evergrant.model.json import JsonObject
from evergrant.model.outcome import ConfirmationRequired, Failure, Outcome, ProviderUnavailable, ReauthRequired
from evergrant.service.approval_words import too_large, too_many
from evergrant.service.approvals import Approvals
from evergrant.service.audit import Audit
from evergrant.service.call_runs import CallRuns
from evergrant.service.execute import Executor, Progress
from evergrant.service.held_words import (
    call_cancelled,
    call_expired,
    kept,
    may_be_sent_again,
    no_such_call,
    not_kept,
    still_running,
)
from evergrant.service.wording import vault_unavailable
from evergrant.store.changes import Changes
from evergrant.store.database import StoreUnavailable
from evergrant.vault.grants import Held
from evergrant.vault.held_calls import KEPT, KeptCalls
from evergrant.vault.seal import SealBroken

MOST_WAITING = 1000
"""Calls of one account that wait at one time."""
LARGEST_INPUT = 256 * 1024
"""Characters of an input that is kept, as JSON."""
SAME_READ = timedelta(hours=1)
"""A read that was kept within it stands for the same read asked again: an agent that asks every minute is given one
call to resume, and the provider gets one request after the reconnect. Of writes, two alike may both be meant."""
POLL_S, LOOK_AGAIN_S = 0.2, 1.0
PATIENCE_S = 60.0
"""How long a resume waits for a run in another process."""

Tell = Callable[[str], Awaitable[None]]
"""Has a tenant's receivers of events told what is new, within a bounded time; raises nothing."""


@dataclass(frozen=True, slots=True)
class HeldCalls:
    """Executes tools as the executor does, and keeps the calls that wait for a person."""

    executor: Executor
    calls: KeptCalls
    runs: CallRuns
    approvals: Approvals
    changes: Changes
    clock: Clock
    tell: Tell
    audit: Audit

    async def execute(
        self,
        key: AccountKey,
        tool_name: str,
        tool_input: JsonObject,
        *,
        asked_by: str | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
        stored: Held | None = None,
    ) -> Outcome:
        """As Executor.execute_tool; a ReauthRequired comes back with a `call_id`: the call is kept, sealed.

        The operator hears of a dead grant before the agent does.
        """
        async with self.audit.call(key, tool_input, asked_by) as noted:
            outcome = await self._executed(
                key,
                tool_name,
                tool_input,
                asked_by=asked_by,
                idempotency_key=idempotency_key,
                progress=progress,
                stored=stored,
                trace=noted.trace,
            )
            return noted.came_to(outcome)

    async def _executed(
        self,
        key: AccountKey,
        tool_name: str,
        tool_input: JsonObject,
        *,
        asked_by: str | None,
        idempotency_key: str | None,
        progress: Progress | None,
        stored: Held | None,
        trace: CallTrace,
    ) -> Outcome:
        outcome = await self.executor.execute_tool(
            key, tool_name, tool_input, idempotency_key=idempotency_key, progress=progress, trace=trace, stored=stored
        )
        if idempotency_key is not None and isinstance(outcome, ProviderUnavailable):
            return self._with_key(tool_name, outcome)
        if not isinstance(outcome, ReauthRequired):
            return outcome
        await self.tell(key.tenant_id)
        try:
            return await self._kept(outcome, self._new(key, tool_name, tool_input, asked_by))
        except (StoreUnavailable, SealBroken) as error:
            return not_kept(outcome, f"it could not be stored: {error}")

    async def propose(
        self, key: AccountKey, tool_name: str, tool_input: JsonObject, *, asked_by: str | None = None
    ) -> Outcome:
        """Check a call, send nothing, and keep it until a person has approved it: a ConfirmationRequired says so."""
        async with self.audit.call(key, tool_input, asked_by) as noted:
            try:
                wrong = await self.executor.fault(key, tool_name, tool_input, noted.trace)
                return noted.came_to(wrong or await self._proposed(self._new(key, tool_name, tool_input, asked_by)))
            except (StoreUnavailable, SealBroken) as error:
                return noted.came_to(vault_unavailable(str(error)))

    async def want_approval(self, call: HeldCall) -> None:
        """Have a call that waits wait for an approval too; raises StoreUnavailable."""
        if await self.calls.want_approval(call, self._told(call, self.approvals.asked(call))):
            await self.tell(call.tenant_id)

    def refused(self, key: AccountKey, tool_name: str, asked_by: str, refusal: Failure) -> None:
        """Note that its caller may not make a call."""
        connector, tool = self.executor.catalog.tool(tool_name)
        self.audit.refused(key, (connector, tool_name, tool), asked_by, refusal)

    def _with_key(self, tool_name: str, outcome: ProviderUnavailable) -> ProviderUnavailable:
        """What may have been carried out may be asked for again where the provider is given the same key again."""
        has_header = self.executor.catalog.tool(tool_name)[1].idempotency_header is not None
        return may_be_sent_again(outcome) if has_header and not outcome.retryable else outcome

    async def resume(self, tenant_id: str, call_id: str) -> Outcome:
        """Run a kept call once, or give back what it came to.

        ConfirmationRequired while nobody has approved it, ReauthRequired while its grant is still dead.

        Of several resumes at once, in whatever processes, one runs and the others wait for its outcome. A run goes on
        to its end, and its outcome is kept, when its caller is cancelled.
        """
        end = self.clock.monotonic() + PATIENCE_S
        try:
            while True:
                seen = self.changes.number()
                if (outcome := await self._resumed(tenant_id, call_id, end)) is not None:
                    break
                await self._changed(seen, end)
        except (StoreUnavailable, SealBroken) as error:
            return vault_unavailable(str(error))
        if isinstance(outcome, ReauthRequired):
            await self.tell(tenant_id)
        return outcome

    async def wait(self, tenant_id: str, call_id: str, seconds: float) -> bool:
        """Whether the call can be resumed (or has ended, or is not there), waiting for it up to so long.

        True within half a second of a consent finished by any process. Raises nothing.
        """
        return await self._until(lambda: self.calls.ready(tenant_id, call_id), seconds)

    async def wait_decided(self, tenant_id: str, call_id: str, seconds: float) -> bool:
        """Whether the call no longer waits for an approval, waiting for one up to so long. Raises nothing."""
        return await self._until(lambda: self.calls.decided(tenant_id, call_id), seconds)

    async def _until(self, is_over: Callable[[], bool], seconds: float) -> bool:
        end = self.clock.monotonic() + seconds
        while True:
            seen = self.changes.number()
            with suppress(StoreUnavailable):
                if is_over():
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

    def before(
        self,
        tenant_id: str,
        call_id: str | None,
        limit: int,
        *,
        accounts: Collection[str] | None = None,
        ended: bool = False,
    ) -> list[HeldCall]:
        """As KeptCalls.before; raises StoreUnavailable."""
        return self.calls.before(tenant_id, call_id, limit, accounts=accounts, ended=ended)

    async def cancel(self, tenant_id: str, call_id: str) -> bool:
        """Whether the call was waiting and will now never run; raises StoreUnavailable."""
        return await self.calls.cancel(tenant_id, call_id, self.clock.now())

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

    async def _proposed(self, made: HeldCall) -> Failure:
        call = replace(made, approval="wanted")
        if call.size > LARGEST_INPUT:
            return too_large(call, LARGEST_INPUT)
        asked = self.approvals.asked(call)
        if not await self.calls.add(call, MOST_WAITING, self._told(call, asked)):
            return too_many(call, MOST_WAITING)
        await self.tell(call.tenant_id)
        return asked

    def _told(self, call: HeldCall, asked: ConfirmationRequired) -> Event | None:
        account = self.approvals.account(call)
        return approval_required(account, call, asked.approval_url, self.clock.now()) if account else None

    async def _kept(self, outcome: ReauthRequired, call: HeldCall) -> ReauthRequired:
        if call.effect == "read" and (same := self.calls.same_read(call, call.created_at - SAME_READ)):
            return kept(outcome, same, call.effect)
        if call.size > LARGEST_INPUT:
            return not_kept(outcome, "its input is too large to be kept")
        if not await self.calls.add(call, MOST_WAITING):
            return not_kept(outcome, f"{MOST_WAITING} calls of this account wait already")
        return kept(outcome, call.id, call.effect)

    async def _resumed(self, tenant_id: str, call_id: str, end: float) -> Outcome | None:
        """What the call came to; None where it must be looked at again."""
        call = self.calls.get(tenant_id, call_id)
        if call is None:
            return no_such_call()
        if call.status == "running" and self.runs.abandoned(call):
            await self.runs.give_up(call)
            return await self._resumed(tenant_id, call_id, end)
        if call.is_undecided and call.expires_at > self.clock.now():
            return self.approvals.asked(call)
        if self.runs.under_way(call) or (call.status == "waiting" and call.expires_at > self.clock.now()):
            return await asyncio.shield(self.runs.run(call))
        if call.status == "running":
            return still_running(call) if self.clock.monotonic() >= end else None
        return call.outcome or (call_cancelled(call) if call.status == "cancelled" else call_expired(call))

    async def _changed(self, seen: int, end: float) -> None:
        """Return when anybody has written to the vault since `seen`; at the latest after a second, or at the end.

        A second, since a process that dies writes nothing.
        """
        end = min(end, self.clock.monotonic() + LOOK_AGAIN_S)
        while self.changes.number() == seen and (left := end - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(POLL_S, left))
