"""Cold starts: from the spawn of what a client starts to its first list of tools, and what it then holds."""

import asyncio
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.calls.process import memory_mib, started
from tests.bench.calls.wire import ERAS, CallFailed, StdioWire

COMMAND = str(Path(sys.executable).with_name("evergrant"))


@dataclass(slots=True)
class Start:
    """One command, and what its starts took."""

    name: str
    arguments: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    seconds: list[float] = field(default_factory=list[float])
    mib: list[float] = field(default_factory=list[float])

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        async with started(*self.arguments, env=self.env) as process, asyncio.TaskGroup() as tasks:
            wire = StdioWire(process, ERAS[1])
            reading = tasks.create_task(wire.running())
            await wire.begin()
            answer = await wire.ask("tools/list", {})
            self.seconds.append(clock() - began)
            self.mib.append(memory_mib(process))
            reading.cancel()
        if b'"inputSchema"' not in answer:
            raise CallFailed(answer.decode())

    @property
    def start_ms(self) -> float:
        return 1000 * statistics.median(self.seconds)

    @property
    def memory_mib(self) -> float:
        return statistics.median(self.mib)


def candidates(origin: str, joining: Mapping[str, str], alone: Mapping[str, str]) -> tuple[Start, Start, Start]:
    """The bare server; ours, which joins a server; ours in one process, on a vault that no server has open."""
    return (
        Start("bare", ("-m", "tests.bench.calls.bare", origin)),
        Start("pump", (COMMAND, "mcp"), joining),
        Start("in-process", (COMMAND, "mcp", "--in-process"), alone),
    )


async def measure_starts(starts: Sequence[Start], times: int) -> None:
    """So many starts of each, in turns; of several, the first of each is not counted: files are not at hand yet."""
    for _ in range(times):
        for start in starts:
            await start.run()
    for start in starts if times > 1 else ():
        del start.seconds[0], start.mib[0]
