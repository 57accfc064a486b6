"""The one place where real time comes from."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """Wall time, elapsed time and waiting; tests and the demo bring their own."""

    def now(self) -> datetime:
        """The time of day: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed point, those asleep included; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.clock_gettime(_counts_sleep())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _counts_sleep() -> int:
    """The clock that goes on while the machine sleeps: on Linux a clock of its own, elsewhere the plain one does."""
    return time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC


def boot_id() -> str:
    """What tells this start of the machine from the last one; empty where the system does not say."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def from_epoch(seconds: float) -> datetime:
    """Unix seconds as an aware UTC time."""
    return datetime.fromtimestamp(seconds, UTC)
