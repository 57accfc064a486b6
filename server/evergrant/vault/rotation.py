"""A new key for the vault while servers run: every data key is wrapped anew, batch by batch, and the old key goes.

It can be stopped and begun again at any moment. The new key is with its source before anything is wrapped with it, and
the old one stays there until nothing needs it. The version that new data keys are to use lies in the database, so that
a process which knows only the old key notices within its own transaction.
"""

import secrets
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlmodel import Session, select

from evergrant.model.failpoint import FailPoint, nothing
from evergrant.store.database import Database
from evergrant.store.locks import FileLock
from evergrant.store.tables import VaultRow
from evergrant.vault.data_keys import DataKeys, under_another
from evergrant.vault.live_ring import LiveRing
from evergrant.vault.ring import KeyRing
from evergrant.vault.seal import KEY_LENGTH
from evergrant.vault.vault import Vault, sealed_proof

BATCH = 500
"""Data keys to a transaction: it holds the write lock for some tens of milliseconds."""


class RotationUnderWay(Exception):
    """Another process rotates this vault's key just now."""

    def __init__(self) -> None:
        super().__init__("Another process rotates this vault's key just now. Let it come to its end.")


class Progress(NamedTuple):
    """How far a rotation is."""

    version: int
    done: int
    left: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotates one vault's key; one at a time (the caller holds the vault's rotation lock)."""

    database: Database
    ring: LiveRing
    data_keys: DataKeys
    vault_id: str
    failpoint: FailPoint = nothing

    async def run(self) -> AsyncIterator[Progress]:
        """Rotate, or finish a rotation that was stopped; yields after each batch.

        Raises KeyUnavailable where the key's source cannot be written, StoreUnavailable, SealBroken.
        """
        ring = await self._with_new_key()
        version = ring.current
        self.failpoint("key_added")
        await self.database.write(lambda session: self._use(session, ring))
        self.failpoint("key_used")
        done, all_of_them = 0, self.database.read(lambda session: under_another(session, version))
        while wrapped := await self.database.write(lambda session: self.data_keys.wrap_anew(session, version, BATCH)):
            done += wrapped
            self.failpoint("batch")
            yield Progress(version, done, max(all_of_them - done, 0))
        await self.ring.change(lambda kept: _only(kept, version))
        self.failpoint("key_dropped")
        yield Progress(version, done, 0)

    async def _with_new_key(self) -> KeyRing:
        """The ring whose current key is the one to go to: a new one, or that of a rotation that was stopped."""
        ring = await self.ring.read_again()
        return ring if unfinished(ring) else await self.ring.change(_with_another)

    def _use(self, session: Session, ring: KeyRing) -> None:
        row = session.exec(select(VaultRow)).one()
        row.vault_key, row.proof = ring.current, sealed_proof(ring, self.vault_id)
        session.add(row)


def rotation(vault: Vault, failpoint: FailPoint = nothing) -> Rotation:
    """The rotation of an open vault's key."""
    return Rotation(vault.database, vault.ring, vault.data_keys, vault.id, failpoint)


def unfinished(ring: KeyRing) -> bool:
    """Whether a rotation was begun that has not come to its end."""
    return len(ring.keys) > 1


@contextmanager
def one_at_a_time(vault: Vault) -> Generator[None, None, None]:
    """Hold the vault's rotation lock for the block; raises RotationUnderWay."""
    lock = FileLock(vault.folder / "locks" / "rotate.lock")
    if not lock.try_acquire():
        raise RotationUnderWay
    try:
        yield
    finally:
        lock.release()


def _with_another(ring: KeyRing) -> KeyRing:
    version = ring.current + 1
    return replace(ring, keys={**ring.keys, version: secrets.token_bytes(KEY_LENGTH)}, current=version)


def _only(ring: KeyRing, version: int) -> KeyRing:
    return replace(ring, keys={version: ring.keys[version]}, current=version)
