"""Tool calls of ours beside those of a bare server of the SDK, in turns: what else the machine does hits both."""

import asyncio
import statistics
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import httpx2
from tests.bench.calls.process import cpu_s, memory_mib, started
from tests.bench.calls.provider import TOKEN
from tests.bench.calls.stage import ALIAS, Ours, free_port, serving, tool_name
from tests.bench.calls.starts import COMMAND, Start, candidates, measure_starts
from tests.bench.calls.wire import ERAS, Era, HttpWire, Params, StdioWire, Wire, seconds_each

from evergrant.model.clock import SystemClock

CLOCK = SystemClock()
FOUND = b"Ada Byron 10"
GIVEN = {"query": "bakery"}
TOOL = {"connected_account_id": ALIAS, "tool_name": tool_name(0), "tool_input": GIVEN}
TO_BARE: Params = {"name": "search_contacts", "arguments": GIVEN}
TO_OURS: Params = {"name": "execute_tool", "arguments": TOOL}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured, and on how much: many short rounds, since a shared machine changes by the second."""

    rounds: int = 75
    calls: int = 20
    """One after the other, in each round."""
    at_once: int = 20
    burst: int = 4
    """Calls of each of those who call at once, in each round."""
    warming: int = 100
    starts: int = 7
    tools: int = 1_000
    accounts: int = 10_000
    eras: Sequence[Era] = ERAS


QUICK = Size(rounds=3, calls=20, at_once=8, burst=5, warming=20, starts=1, tools=50, accounts=200, eras=ERAS[:1])
FEW_TOOLS, FEW_ACCOUNTS = 10, 1


class Called(NamedTuple):
    """A server, and what it is asked."""

    name: str
    process: Process
    params: Params


class Address(NamedTuple):
    """Where a server is reached over HTTP."""

    port: int
    bearer: str | None = None


@dataclass(slots=True)
class Side:
    """One server by one transport, and what its calls took."""

    name: str
    process: Process | None
    """Whose processor time counts; None where nobody's does."""
    params: Params
    wires: Sequence[Wire]
    p50_ms: list[float] = field(default_factory=list[float])
    """Of each round."""
    every_ms: list[float] = field(default_factory=list[float])
    per_s: list[float] = field(default_factory=list[float])
    cpu_ms: list[float] = field(default_factory=list[float])
    """Of one of several calls at once, in each round."""

    async def one_by_one(self, size: Size) -> None:
        """Calls one after the other."""
        await self.wires[0].ready()
        spent = [1000 * each for each in await seconds_each(self.wires[0], self.params, size.calls, FOUND)]
        self.p50_ms.append(statistics.median(spent))
        self.every_ms += spent

    async def at_once(self, size: Size) -> None:
        """Some calls at once."""
        for wire in set(self.wires):
            await wire.ready()
        before, began = self._cpu_s(), asyncio.get_running_loop().time()
        await asyncio.gather(*(seconds_each(wire, self.params, size.burst, FOUND) for wire in self.wires))
        several = len(self.wires) * size.burst
        self.per_s.append(several / (asyncio.get_running_loop().time() - began))
        self.cpu_ms.append(1000 * (self._cpu_s() - before) / several)

    def _cpu_s(self) -> float:
        return cpu_s(self.process) if self.process else 0.0

    @property
    def p99_ms(self) -> float:
        return sorted(self.every_ms)[int(len(self.every_ms) * 0.99)]


async def in_turns(sides: Sequence[Side], size: Size) -> None:
    """Rounds of all sides, each round beginning with another; some calls before them are not counted."""
    for side in sides:
        await seconds_each(side.wires[0], side.params, size.warming, FOUND)
    for number in range(size.rounds):
        first = number % len(sides)
        in_turn = (*sides[first:], *sides[:first])
        for side in in_turn:
            await side.one_by_one(size)
        for side in in_turn:
            await side.at_once(size)


@asynccontextmanager
async def over_http(called: Called, at: Address, era: Era, size: Size) -> AsyncGenerator[Side, None]:
    """As many connections as there are callers."""
    wires = [HttpWire(at.port, era, at.bearer) for _ in range(size.at_once)]
    for wire in wires:
        await wire.begin()
    try:
        yield Side(called.name, called.process, called.params, wires)
    finally:
        for wire in wires:
            wire.close()


@asynccontextmanager
async def over_stdio(called: Called, client: Process, era: Era, size: Size) -> AsyncGenerator[Side, None]:
    """One connection to `client`, behind which the process does the work."""
    wire = StdioWire(client, era)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(wire.running())
        await wire.begin()
        yield Side(called.name, called.process, called.params, [wire] * size.at_once)
        reading.cancel()


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one run measured, by what it was measured over."""

    size: Size
    direct: Side
    """The request alone, without a server."""
    compared: Mapping[str, tuple[Side, Side]]
    """By transport: the bare server, then ours."""
    grown: tuple[Side, Side]
    """Ours with few tools and accounts, then with many, over HTTP."""
    starts: tuple[Start, Start, Start]
    """Of the bare server, of ours that joins a server, of ours in one process."""
    servers_mib: Mapping[str, float]


async def measure(folder: Path, size: Size) -> Measured:
    """Measure with new vaults in `folder`."""
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(started("-m", "tests.bench.calls.provider"))
        assert provider.stdout
        origin = f"http://127.0.0.1:{int(await provider.stdout.readline())}"
        few = await stack.enter_async_context(serving(folder / "few", origin, FEW_TOOLS, FEW_ACCOUNTS))
        many = await stack.enter_async_context(serving(folder / "many", origin, size.tools, size.accounts))
        compared = {f"HTTP {era}": await _http(origin, few, era, size) for era in size.eras}
        compared |= {f"stdio {era}": await _stdio(origin, few, era, size) for era in size.eras}
        grown = await _grown(few, many, size)
        servers_mib = {"few": memory_mib(few.process), "many": memory_mib(many.process)}
        direct = await _direct(origin, size)
        alone = {**few.env, "EVERGRANT_HOME": str(folder / "alone")}
        starts = candidates(origin, few.env, alone)
        await measure_starts(starts, size.starts)
    return Measured(size, direct, compared, grown, starts, servers_mib)


async def _http(origin: str, ours: Ours, era: Era, size: Size) -> tuple[Side, Side]:
    port = free_port()
    async with started("-m", "tests.bench.calls.bare", origin, str(port)) as bare:
        await _listens(port)
        async with (
            over_http(Called("bare", bare, TO_BARE), Address(port), era, size) as first,
            _ours("ours", ours, era, size) as second,
        ):
            await in_turns((first, second), size)
            return first, second


def _ours(name: str, ours: Ours, era: Era, size: Size) -> AbstractAsyncContextManager[Side]:
    return over_http(Called(name, ours.process, TO_OURS), Address(ours.port, ours.bearer), era, size)


async def _stdio(origin: str, ours: Ours, era: Era, size: Size) -> tuple[Side, Side]:
    async with (
        started("-m", "tests.bench.calls.bare", origin) as bare,
        started(COMMAND, "mcp", env=ours.env) as pump,
        over_stdio(Called("bare", bare, TO_BARE), bare, era, size) as first,
        over_stdio(Called("ours", ours.process, TO_OURS), pump, era, size) as second,
    ):
        await in_turns((first, second), size)
        return first, second


async def _grown(few: Ours, many: Ours, size: Size) -> tuple[Side, Side]:
    async with (
        _ours("few", few, ERAS[0], size) as first,
        _ours("many", many, ERAS[0], size) as second,
    ):
        await in_turns((first, second), size)
        return first, second


async def _listens(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await CLOCK.sleep(0.02)
        else:
            writer.close()
            return


async def _direct(origin: str, size: Size) -> Side:
    """The same request from this process."""

    class Direct:
        async def ready(self) -> None:
            """Its client sees for itself to its connections."""

        async def ask(self, method: str, params: Params) -> bytes:  # noqa: ARG002
            response = await http.get(f"{origin}/crm/contacts", headers={"Authorization": f"Bearer {TOKEN}"})
            return response.content

    async with httpx2.AsyncClient() as http:
        side = Side("direct", None, {}, [Direct()] * size.at_once)
        await in_turns((side,), size)
        return side
