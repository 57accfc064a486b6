"""Time that nobody can turn back: the time of day at first sight, carried on by elapsed time.

A token's end is stored as a time. Were the clock set back by an hour, every token would seem to live an hour longer,
and so would every wait. So the processes of a vault share how far the time of day lies ahead of the time elapsed since
the machine started; it follows the clock forward (a paused virtual machine has missed time, and says so only there),
never back.
"""

import fcntl
import hashlib
import mmap
import os
import struct
from datetime import datetime, timedelta
from pathlib import Path

from evergrant.model.clock import Clock
from evergrant.store.columns import EPOCH

MICROSECOND = timedelta(microseconds=1)
LEAD = struct.Struct("=q")
BOOT_BYTES = 8
SIZE = BOOT_BYTES + LEAD.size


class SteadyClock:
    """A clock (`evergrant.model.clock.Clock`) on top of the machine's, shared through a file.

    Where the machine was started anew the time of day counts as it is; `new_boot` says so, for what was stored before
    may then seem to come from the future.
    """

    def __init__(self, machine: Clock, path: Path, boot_id: str) -> None:
        """Raises OSError where the file cannot be used."""
        self._machine = machine
        self._lead_us = self._seen_us()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.new_boot = self._begin(descriptor, _boot(boot_id))
            self._shared = mmap.mmap(descriptor, SIZE)
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # said aloud, since the mapping keeps a copy of the descriptor
            os.close(descriptor)

    def now(self) -> datetime:
        """The time of day (aware, UTC); not before any time that a process of this vault was told since the start."""
        seen = self._seen_us()
        (shared,) = LEAD.unpack_from(self._shared, BOOT_BYTES)
        self._lead_us = max(self._lead_us, seen, shared)
        if self._lead_us > shared:
            LEAD.pack_into(self._shared, BOOT_BYTES, self._lead_us)
        return EPOCH + timedelta(microseconds=self._lead_us + self._elapsed_us())

    def monotonic(self) -> float:
        return self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)

    def _begin(self, descriptor: int, boot: bytes) -> bool:
        if os.pread(descriptor, BOOT_BYTES, 0) == boot and os.fstat(descriptor).st_size == SIZE:
            return False
        os.pwrite(descriptor, boot + LEAD.pack(self._lead_us), 0)
        os.ftruncate(descriptor, SIZE)
        return True

    def _seen_us(self) -> int:
        return _lead_us(self._machine)

    def _elapsed_us(self) -> int:
        return _elapsed_us(self._machine)


def set_back(machine: Clock, path: Path, boot_id: str) -> timedelta | None:
    """By how much the machine's time of day lies behind the time that the vault's processes have seen, at least zero.

    None where none has run since this start of the machine. Changes nothing; raises OSError.
    """
    kept = path.read_bytes() if path.exists() else b""
    if len(kept) != SIZE or kept[:BOOT_BYTES] != _boot(boot_id):
        return None
    shared: int = LEAD.unpack_from(kept, BOOT_BYTES)[0]
    return max(shared - _lead_us(machine), 0) * MICROSECOND


def _boot(boot_id: str) -> bytes:
    return hashlib.sha256(boot_id.encode()).digest()[:BOOT_BYTES]


def _lead_us(machine: Clock) -> int:
    """In this order: were the process stopped between the two, the lead would seem smaller, which does no harm."""
    time_of_day = (machine.now() - EPOCH) // MICROSECOND
    return time_of_day - _elapsed_us(machine)


def _elapsed_us(machine: Clock) -> int:
    return round(machine.monotonic() * 1e6)
