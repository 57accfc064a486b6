"""The agent of the demo: it calls tools and keeps a ledger of what came of each call. It never sees a token."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from evergrant.demo.services import Service
from evergrant.model.account import ConnectedAccount
from evergrant.model.event import Event
from evergrant.model.json import Json, JsonObject, at
from evergrant.model.outcome import Failure, ReauthRequired, Result
from evergrant.service.execute import Executor
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.outbox import Outbox

QUERY = "bakery"
MATCHES = 6
"""How many of the sandbox's contacts work at a bakery."""
STORM_READS, STORM_WRITES = 40, 10
MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool; `row` is what it writes, None for a read."""

    tool: str
    given: JsonObject
    row: str | None = None


@dataclass(slots=True)
class Ledger:
    """What the agent knows of its calls to one service."""

    calls: int = 0
    results: int = 0
    silent_skips: int = 0
    paused: list[Call] = field(default_factory=list[Call])
    """Calls that were told to wait for the person, in order."""
    paused_ever: int = 0
    untold: int = 0
    """Paused calls at whose answer the outbox held no event that says why."""
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

    def note_pause(self, call: Call, *, told: bool) -> None:
        """The call waits for the person."""
        self.paused.append(call)
        self.paused_ever += 1
        self.untold += not told

    def note_failure(self, outcome: Failure) -> None:
        """The call failed in another way."""
        self.failed[outcome.code] = self.failed.get(outcome.code, 0) + 1


class Agent:
    """Works on one connected account of each service."""

    def __init__(
        self,
        executor: Executor,
        outbox: Outbox,
        services: tuple[Service, ...],
        accounts: Mapping[str, ConnectedAccount],
    ) -> None:
        self._executor = executor
        self._outbox = outbox
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
        """Make the paused calls of one service again."""
        ledger = self.ledgers[name]
        waiting, ledger.paused, before = ledger.paused, [], ledger.results
        await asyncio.gather(*(self._make(name, call) for call in waiting))
        ledger.resumed += ledger.results - before

    async def _all(self, name: str, reads: int, writes: int) -> None:
        calls = [*(self._read(name) for _ in range(reads)), *(self._write(name) for _ in range(writes))]
        await asyncio.gather(*(self._make(name, call) for call in calls))

    async def _make(self, name: str, call: Call) -> None:
        account, ledger = self._accounts[name], self.ledgers[name]
        outcome = await self._executor.execute_tool(account.key, call.tool, call.given)
        ledger.calls += 1
        match outcome:
            case Result():
                ledger.note_result(call, outcome)
            case ReauthRequired():
                ledger.note_pause(call, told=self._is_told(account))
            case Failure():
                ledger.note_failure(outcome)

    def _is_told(self, account: ConnectedAccount) -> bool:
        """Whether the account's last event is the one that asks for the person."""
        mine = [event for event in events(self._outbox) if event.account_id == account.id]
        return bool(mine) and mine[-1].type == "agent.auth.reauth_required"

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
