"""A second process on the same vault: calls one account many times at once and prints what came of it.

    python -m tests.fakes.worker HOME ACCOUNT_ID NOW CALLS [FAILPOINT]

`NOW` (ISO 8601) is where its clock starts; at FAILPOINT it kills itself.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.fakes.practice import surroundings
from typing_extensions import override

from evergrant.app import open_app
from evergrant.model.account import AccountKey
from evergrant.model.clock import SystemClock
from evergrant.settings import LOCAL_TENANT, Settings

ROOT = Path(__file__).parents[2]


def start(home: Path, account_id: str, now: datetime, calls: int, failpoint: str = "") -> subprocess.Popen[str]:
    """Start the process; its standard output is one line of JSON, outcomes by code."""
    arguments = [str(home), account_id, now.isoformat(), str(calls), failpoint]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.worker", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def end(process: subprocess.Popen[str]) -> int:
    """Its return code; -9 where it killed itself."""
    process.communicate(timeout=60)
    return process.returncode


def outcomes(process: subprocess.Popen[str]) -> dict[str, int]:
    """What its calls came to, once it has ended."""
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    counted: dict[str, int] = json.loads(printed)
    return counted


class From(SystemClock):
    """The machine's clock, set to another time: what two processes wait for from each other takes real time."""

    def __init__(self, start: datetime, real: SystemClock) -> None:
        self._offset = start - real.now()

    @override
    def now(self) -> datetime:
        return super().now() + self._offset


async def _work(home: Path, account_id: str, now: datetime, calls: int, failpoint: str) -> Counter[str]:
    def die_at(name: str) -> None:
        if name == failpoint:
            os.kill(os.getpid(), signal.SIGKILL)

    key = AccountKey(LOCAL_TENANT, account_id)
    settings = Settings(home=home, key_source="file")
    async with open_app(settings, surroundings(From(now, SystemClock()), die_at)) as app:
        found = await asyncio.gather(
            *(app.executor.execute_tool(key, "sandbox_search_contacts", {}) for _ in range(calls))
        )
    return Counter(getattr(outcome, "code", "result") for outcome in found)


def main() -> None:
    home, account_id, now, calls, failpoint = sys.argv[1:]
    counted = asyncio.run(_work(Path(home), account_id, datetime.fromisoformat(now), int(calls), failpoint))
    sys.stdout.write(json.dumps(counted) + "\n")


if __name__ == "__main__":
    main()
