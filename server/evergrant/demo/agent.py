"""The agent of the demo: it calls tools and keeps a ledger of what came of each call. It never sees a token."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from evergrant.demo.services import Service
from evergrant.model.account import ConnectedAccount
from evergrant.model.event import Event
from evergrant.model.json import Json, JsonObject, at
from evergrant.model.link import Link
from evergrant.model.outcome import Failure, Outcome, ReauthRequired, Result
from evergrant.service.held import HeldCalls
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.outbox import Outbox

QUERY = "bakery"
MATCHES = 6
"""How many of the sandbox's contacts work at a bakery."""
STORM_READS, STORM_WRITES = 40, 10
MOST_EVENTS = 10_000

WasTold = Callable[[ConnectedAccount], bool]
"""Whether the operator knows that the account needs its person."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool; `row` is what it writes, None for a read."""

    tool: str
    given: JsonObject
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """A call that is kept for the agent until the person has reconnected."""

    call: Call
    call_id: str


@dataclass(slots=True)
class Ledger:
    """What the agent knows of its calls to one service."""

    calls: int = 0
    results: int = 0
    silent_skips: int = 0
    paused: list[Paused] = field(default_factory=list[Paused])
    """Calls that wait for the person, in order."""
    link: Link | None = None
    """What the last of them came with: where the person reconnects, and the code to give there."""
    paused_ever: int = 0
    untold: int = 0
    """Paused calls at whose answer the operator had no event that says why."""
    resumed: int = 0
    failed: dict[str, int] = field(default_factory=dict[str, int])
    """By code."""
    written: list[str] = field(default_factory=list[str])
    """The rows whose call returned a result."""

    @property
    def failures(self) -> int:
        return sum(self.failed.values())

    def note_result(self, call: Call, result: Result) -> None:
        """The call was done."""
        self.results += 1
        if call.row is not None:
            self.written.append(call.row)
        elif not _is_complete(result.content):
            self.silent_skips += 1

    def note_pause(self, paused: Paused, link: Link, *, told: bool) -> None:
        """The call waits for the person."""
        self.paused.append(paused)
        self.link = link
        self.paused_ever += 1
        self.untold += not told

    def note_failure(self, outcome: Failure) -> None:
        """The call failed in another way."""
        self.failed[outcome.code] = self.failed.get(outcome.code, 0) + 1


class Agent:
    """Works on one connected account of each service."""

    def __init__(
        self,
        calls: HeldCalls,
        was_told: WasTold,
        services: tuple[Service, ...],
        accounts: Mapping[str, ConnectedAccount],
    ) -> None:
        self._calls = calls
        self._was_told = was_told
        self._services = {service.name: service for service in services}
        self._accounts = accounts
        self.ledgers = {name: Ledger() for name in self._services}
        self._rows = 0

    async def work(self) -> None:
        """One read and one write on every service."""
        await asyncio.gather(*(self._all(name, 1, 1) for name in self._services))

    async def storm(self, name: str) -> int:
        """Fifty calls to one service at once; how many calls those were."""
        await self._all(name, STORM_READS, STORM_WRITES)
        return STORM_READS + STORM_WRITES

    async def resume(self, name: str) -> None:
        """Go on with the paused calls of one service."""
        ledger = self.ledgers[name]
        waiting, ledger.paused, before = ledger.paused, [], ledger.results
        await asyncio.gather(*(self._resume(name, paused) for paused in waiting))
        ledger.resumed += ledger.results - before

    async def _resume(self, name: str, paused: Paused) -> None:
        await self._note(name, paused.call, await self._calls.resume(LOCAL_TENANT, paused.call_id))

    async def _all(self, name: str, reads: int, writes: int) -> None:
        calls = [*(self._read(name) for _ in range(reads)), *(self._write(name) for _ in range(writes))]
        await asyncio.gather(*(self._make(name, call) for call in calls))

    async def _make(self, name: str, call: Call) -> None:
        self.ledgers[name].calls += 1
        await self._note(name, call, await self._calls.execute(self._accounts[name].key, call.tool, call.given))

    async def _note(self, name: str, call: Call, outcome: Outcome) -> None:
        ledger = self.ledgers[name]
        match outcome:
            case Result():
                ledger.note_result(call, outcome)
            case ReauthRequired(call_id=str(call_id), reauth_url=str(url), confirmation_code=code):
                told = self._was_told(self._accounts[name])
                ledger.note_pause(Paused(call, call_id), Link(url, code), told=told)
            case Failure():
                ledger.note_failure(outcome)

    def _read(self, name: str) -> Call:
        return Call(self._services[name].tool("search_contacts"), {"query": QUERY})

    def _write(self, name: str) -> Call:
        self._rows += 1
        row = f"row {self._rows}"
        return Call(self._services[name].tool("append_row"), {"row": [row]}, row)


def _is_complete(content: Json) -> bool:
    found = at(content, "/results")
    return isinstance(found, list) and len(found) == MATCHES


def events(outbox: Outbox) -> list[Event]:
    """Everything that the outbox holds, oldest first."""
    return outbox.after(LOCAL_TENANT, 0, MOST_EVENTS)
