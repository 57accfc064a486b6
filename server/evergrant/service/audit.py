"""Notes each call of a tool and each renewal of a grant: for the audit, for the counters, and as a span."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Protocol

from evergrant.calls.trace import CallTrace
from evergrant.catalog.tool import Tool
from evergrant.model.account import AccountKey
from evergrant.model.audit import FAULT, LEFT, SUCCEEDED, AuditRecord, InputPolicy
from evergrant.model.clock import Clock
from evergrant.model.exchange import Death, Exchange
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Failure, Outcome, Result
from evergrant.service.journal import Journal
from evergrant.spans import CallSpan

LARGEST_INPUT = 16 * 1024
"""Characters of an input that is kept, as JSON."""


class Counters(Protocol):
    """What counts beside the audit."""

    def called(self, record: AuditRecord, trace: CallTrace) -> None:
        """A call has ended."""
        ...

    def renewed(self, news: Exchange | Death) -> None:
        """An exchange has ended, or a grant was found dead."""
        ...


@dataclass(frozen=True, slots=True)
class Audit:
    """Where all that happens is noted; what it costs a call is microseconds."""

    journal: Journal
    clock: Clock
    inputs: InputPolicy = "none"
    counters: list[Counters] = field(default_factory=list[Counters])

    def call(
        self, key: AccountKey, tool_input: JsonObject, principal: str | None, call_id: str | None = None
    ) -> "NotedCall":
        """A block in which one call is made; it is noted at the block's end."""
        return NotedCall(self, key, tool_input, principal, call_id)

    def refused(self, key: AccountKey, found: tuple[str, str, Tool], principal: str, outcome: Failure) -> None:
        """Note a call that its caller may not make, of a tool by its connector and name."""
        noted = self.call(key, {}, principal)
        noted.trace.known(*found)
        self.ended(noted, outcome)

    def told(self, news: Exchange | Death) -> None:
        """Note what the engine did."""
        self.journal.add(_of_exchange(news) if isinstance(news, Exchange) else _of_death(news))
        for counters in self.counters:
            counters.renewed(news)

    def ended(self, noted: "NotedCall", outcome: Outcome | str) -> None:
        """Note a call that is over; a text is the code of one that has no outcome."""
        record = self._with_input(self._record(noted, outcome), noted)
        self.journal.add(record)
        for counters in self.counters:
            counters.called(record, noted.trace)
        noted.span.end(record.tool, record.connector, record.outcome, failed=record.outcome not in SUCCEEDED)

    def _record(self, noted: "NotedCall", outcome: Outcome | str) -> AuditRecord:
        trace = noted.trace
        return AuditRecord(
            tenant_id=noted.key.tenant_id,
            at=self.clock.now(),
            kind="call",
            outcome=_code(outcome),
            duration_s=self.clock.monotonic() - noted.began,
            principal=noted.principal,
            account_id=noted.key.account_id,
            connector=trace.connector,
            tool=trace.tool_name,
            effect=trace.tool.effect if trace.tool else None,
            detail=outcome.provider_code if isinstance(outcome, Failure) else None,
            requests=trace.requests,
            request_bytes=trace.request_bytes,
            response_bytes=trace.response_bytes,
            provider_request_id=trace.provider_request_id,
            call_id=noted.call_id or _call_id(outcome),
        )

    def _with_input(self, record: AuditRecord, noted: "NotedCall") -> AuditRecord:
        """A name that the tool does not know is the caller's own text, and is not kept as a name."""
        tool = noted.trace.tool
        if self.inputs == "none" or tool is None:
            return record
        names = tuple(sorted(name for name in noted.tool_input if name in tool.inputs))
        if self.inputs == "names" or len(json.dumps(noted.tool_input)) > LARGEST_INPUT:
            return replace(record, input_names=names)
        return replace(record, input_names=names, tool_input=noted.tool_input)


class NotedCall:
    """One call under way; `came_to` says what it came to."""

    __slots__ = ("_audit", "_outcome", "began", "call_id", "key", "principal", "span", "tool_input", "trace")

    def __init__(
        self, audit: Audit, key: AccountKey, tool_input: JsonObject, principal: str | None, call_id: str | None
    ) -> None:
        self.key, self.tool_input, self.principal, self.call_id = key, tool_input, principal, call_id
        self.trace, self.began, self.span = CallTrace(), audit.clock.monotonic(), CallSpan()
        self._audit = audit
        self._outcome: Outcome | None = None

    def came_to(self, outcome: Outcome) -> Outcome:
        """The same outcome, taken note of."""
        self._outcome = outcome
        return outcome

    async def __aenter__(self) -> "NotedCall":
        self.span.begin()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.span.leave()
        write = self.trace.goes_on
        if self._outcome is None and write is not None:
            write.add_done_callback(self._went_on)
            return
        left = LEFT if kind is asyncio.CancelledError else FAULT
        self._audit.ended(self, self._outcome or left)
        await self._audit.journal.room()

    def _went_on(self, write: asyncio.Task[Outcome]) -> None:
        self._audit.ended(self, FAULT if write.cancelled() or write.exception() else write.result())


def _code(outcome: Outcome | str) -> str:
    if isinstance(outcome, Result):
        return "empty" if outcome.empty else "ok"
    return outcome if isinstance(outcome, str) else outcome.code


def _call_id(outcome: Outcome | str) -> str | None:
    """Of the call that was kept for its person."""
    found: object = getattr(outcome, "call_id", None)
    return found if isinstance(found, str) else None


def _of_exchange(news: Exchange) -> AuditRecord:
    return AuditRecord(
        tenant_id=news.key.tenant_id,
        at=news.ended_at,
        kind="refresh",
        outcome=news.result,
        duration_s=news.duration_s,
        account_id=news.key.account_id,
        connector=news.connector,
        detail=news.code,
        requests=1,
        generation=news.generation,
    )


def _of_death(news: Death) -> AuditRecord:
    return AuditRecord(
        tenant_id=news.key.tenant_id,
        at=news.at,
        kind="death",
        outcome=news.cause,
        account_id=news.key.account_id,
        connector=news.connector,
        detail=news.code,
        generation=news.generation,
    )
