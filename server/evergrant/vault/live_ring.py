"""The key ring as this process knows it: read again when another process has put a newer key into it."""

from collections.abc import Callable

from evergrant.store.locks import FileLock
from evergrant.vault.ring import KeyRing, KeyStore, KeyUnavailable
from evergrant.vault.seal import SealBroken


class LiveRing:
    """The vault's keys by version."""

    def __init__(self, ring: KeyRing, store: KeyStore, lock: Callable[[], FileLock]) -> None:
        """`lock` makes what keeps the processes of the vault from changing the ring at once."""
        self._ring = ring
        self._store = store
        self._lock = lock

    @property
    def ring(self) -> KeyRing:
        return self._ring

    def key(self, version: int) -> bytes:
        """The vault's key of that version; raises SealBroken where its source has none."""
        if version > self._ring.current:  # one below was dropped for good
            self.read_again()
        try:
            return self._ring.keys[version]
        except KeyError:
            raise SealBroken(f"The vault's key of version {version} is in none of {self._store.where}.") from None

    def read_again(self) -> KeyRing:
        """The ring as its source has it now; raises SealBroken where it cannot be read."""
        try:
            found = self._store.read()
        except KeyUnavailable as error:
            raise SealBroken(f"The vault's key was changed, and the new one cannot be read: {error}") from None
        if found is not None:
            self._ring = found
        return self._ring

    def change(self, changed: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Put what `changed` makes of the ring that is kept in its place; raises KeyUnavailable, SealBroken.

        Read and written under a lock: of two changes at once, neither is lost. It may take seconds.
        """
        with self._lock().held():
            ring = changed(self.read_again())
            if ring != self._ring:
                self._store.write(ring)
                self._ring = ring
            return ring
