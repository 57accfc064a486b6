"""A name for this process by which others can tell whether it still lives.

It is a lock that the kernel releases when its holder dies and keeps while it is paused: a process that is stopped may
have sent a request, and is not taken for dead.
"""

import secrets
from itertools import count
from pathlib import Path

from evergrant.store.database import StoreUnavailable
from evergrant.store.locks import FileLock


class ProcessMark:
    """Holds the first free lock file of a row of them from its first use on; the files stay, and are few."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: FileLock | None = None
        self._name: str | None = None

    @property
    def name(self) -> str:
        """This process's own, which no other has or had; raises StoreUnavailable."""
        if self._name is None:
            try:
                self._name = self._take()
            except OSError as error:
                raise StoreUnavailable(f"The vault's folder of locks cannot be used: {error}") from None
        return self._name

    def is_own(self, name: str) -> bool:
        """Whether it is this process's."""
        return name == self._name

    def lives(self, name: str) -> bool:
        """Whether the process of that name still runs; now and then a dead one is told to live, never the reverse."""
        if self.is_own(name):
            return True
        file = self._file(name.partition("-")[0])
        if not file.exists():
            return False
        probe = FileLock(file)
        if probe.try_acquire():
            probe.release()
            return False
        return file.read_text(encoding="ascii") == name

    def close(self) -> None:
        """Be told for dead from now on."""
        if self._lock is not None:
            self._lock.release()
        self._lock = self._name = None

    def _take(self) -> str:
        for slot in count():
            lock = FileLock(self._file(str(slot)))
            if lock.try_acquire():
                name = f"{slot}-{secrets.token_hex(8)}"
                self._file(str(slot)).write_text(name, encoding="ascii")
                self._lock = lock
                return name
        raise AssertionError("the row of lock files has no end")

    def _file(self, slot: str) -> Path:
        return self._folder / f"process-{slot}.lock"
