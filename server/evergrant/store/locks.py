"""Locks that the kernel releases when their holder dies and keeps while it is paused: no lease to mis-time."""

import fcntl
import hashlib
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from evergrant.model.account import AccountKey, GrantKey
from evergrant.model.clock import Clock

POLL_S = 0.01
SLOWEST_POLL_S = 0.2
PATIENCE_S = 60.0
"""Longer than an exchange with its one re-send."""
SLOTS = 4096
"""Accounts share so many lock files: two that share one wait for each other, and a million leave no million files."""


class LockBusy(Exception):
    """Another process holds the lock and does not get on with it."""


class FileLock:
    """One `flock`, exclusive unless it is shared; the file stays: removing a locked one would let two holders in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Whether the lock is now ours."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    @contextmanager
    def held(self) -> Generator[None, None, None]:
        """Hold the lock for the block; blocks the thread, so only for short work at start."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            self.release()

    def share(self) -> None:
        """Hold the lock with all others who share it; blocks the thread while one holds it alone."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give the lock up; nothing happens where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class AccountLocks:
    """One lock per account among all processes of this vault."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    @asynccontextmanager
    async def hold(self, key: AccountKey | GrantKey) -> AsyncGenerator[None, None]:
        """Hold the account's lock for the block, one for all its grants; raises LockBusy after waiting for PATIENCE_S.

        A holder that is stopped keeps its lock, since it may have sent a request. It is not robbed of it.
        """
        lock = FileLock(self._folder / _file_name(key))
        wait, end = POLL_S, self._clock.monotonic() + PATIENCE_S
        while not lock.try_acquire():
            if self._clock.monotonic() >= end:
                raise LockBusy
            await self._clock.sleep(wait)
            wait = min(wait * 1.5, SLOWEST_POLL_S)
        try:
            yield
        finally:
            lock.release()


def _file_name(key: AccountKey | GrantKey) -> str:
    digest = hashlib.sha256(f"{len(key.tenant_id)}:{key.tenant_id}{key.account_id}".encode()).digest()
    return f"account-{int.from_bytes(digest[:8]) % SLOTS}.lock"
