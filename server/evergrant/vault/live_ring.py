"""The key ring as this process knows it: read again when another process has put a newer key into it."""

import asyncio
import math
from collections.abc import Callable

from evergrant.model.clock import Clock
from evergrant.store.locks import FileLock
from evergrant.vault.ring import KeyRing, KeyStore, KeyUnavailable
from evergrant.vault.seal import SealBroken

PAUSE_S = 30.0
"""A source that did not have the key is not asked again at once: each time may take seconds, and every call would."""


class LiveRing:
    """The vault's keys by version."""

    def __init__(self, ring: KeyRing, store: KeyStore, lock: Callable[[], FileLock], clock: Clock) -> None:
        """`lock` makes what keeps the processes of the vault from changing the ring at once."""
        self._ring = ring
        self._store = store
        self._lock = lock
        self._clock = clock
        self._known = dict(ring.keys)
        self._ask_from_s = -math.inf

    @property
    def ring(self) -> KeyRing:
        """The ring as it was last read or written here."""
        return self._ring

    def key(self, version: int) -> bytes:
        """The vault's key of that version; raises SealBroken where its source has none.

        A key that was seen once stays known here: a row that was read just before the rotation's end is under it. The
        source is asked for a newer one only: one below the current was dropped for good.
        """
        newer = version not in self._known and version > self._ring.current
        if newer and self._clock.monotonic() >= self._ask_from_s:
            try:
                self._read()
            finally:
                if version not in self._known:
                    self._ask_from_s = self._clock.monotonic() + PAUSE_S
        try:
            return self._known[version]
        except KeyError:
            raise SealBroken(
                f"The vault's key of version {version} is not in its place, {self._store.where}. "
                "If it was exported, put the export in its place (docs/explanation/vault.md)."
            ) from None

    async def read_again(self) -> KeyRing:
        """The ring as its source has it now; raises SealBroken where it cannot be read. It may take seconds."""
        return await asyncio.to_thread(self._read)

    async def change(self, changed: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Put what `changed` makes of the ring that is kept in its place; raises KeyUnavailable, SealBroken.

        Read and written under a lock: of two changes at once, neither is lost. It may take seconds, and is done on a
        thread, to its end, also where the caller is cancelled.
        """
        return await asyncio.to_thread(self._change, changed)

    def _change(self, changed: Callable[[KeyRing], KeyRing]) -> KeyRing:
        with self._lock().held():
            kept = self._read()
            ring = changed(kept)
            if ring != kept:
                self._store.write(ring)
                self._know(ring)
            return ring

    def _read(self) -> KeyRing:
        """A key that its person has taken away is not put back by us."""
        try:
            found = self._store.read()
        except KeyUnavailable as error:
            raise SealBroken(f"The vault's key cannot be read again: {error}") from None
        if found is None:
            raise SealBroken(f"The vault's key is not in its place any more, {self._store.where}.")
        return self._know(found)

    def _know(self, ring: KeyRing) -> KeyRing:
        self._known = {**self._known, **ring.keys}
        self._ring = ring
        return ring
