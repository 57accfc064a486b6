"""Processes that are measured: started for a block, and what they take of the machine."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.bench.calls.wire import LARGEST

ROOT = Path(__file__).parents[3]
MIB = 1 << 20


@asynccontextmanager
async def started(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncGenerator[Process, None]:
    """A Python process with pipes, until the end of the block."""
    paths = f"{ROOT / 'server'}:{ROOT}"
    here = os.environ  # noqa: TID251 (a child gets its parent's environment)
    surroundings = {**here, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore", **(env or {})}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=PIPE, stdout=PIPE, env=surroundings, limit=LARGEST
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def cpu_s(process: Process) -> float:
    """Seconds of processor that it has taken so far, by all of its threads; Linux alone tells them."""
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_mib(process: Process) -> float:
    """What it holds, its part of what it shares with others; where that is not told, with all that is shared."""
    folder = Path(f"/proc/{process.pid}")
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with suppress(PermissionError):
            lines = (folder / name).read_text().splitlines()
            return next(int(line.split()[1]) * 1024 / MIB for line in lines if line.startswith(field))
    raise PermissionError(folder)
