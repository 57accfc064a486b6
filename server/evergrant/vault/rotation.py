"""A new key for the vault while servers run: every data key is wrapped anew, batch by batch, and the old key goes.

It can be stopped and begun again at any moment. The new key is with its source before anything is wrapped with it, and
the old one stays there until nothing needs it. The version that new data keys are to use lies in the database, so that
a process which knows only the old key notices within its own transaction.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from evergrant.model.failpoint import FailPoint, nothing
from evergrant.store.database import Database
from evergrant.store.tables import DataKeyRow, VaultRow
from evergrant.vault.data_keys import DataKeys
from evergrant.vault.live_ring import LiveRing
from evergrant.vault.ring import KeyRing
from evergrant.vault.seal import KEY_LENGTH
from evergrant.vault.vault import Vault, sealed_proof

BATCH = 200
"""Data keys to a transaction: it holds the write lock for a few milliseconds."""


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
        version = self._new_version()
        self.failpoint("key_added")
        await self.database.write(lambda session: self._use(session, version))
        self.failpoint("key_used")
        done, left = 0, self._left(version)
        while left:
            done += await self.database.write(lambda session: self.data_keys.wrap_anew(session, version, BATCH))
            left = self._left(version)
            self.failpoint("batch")
            yield Progress(version, done, left)
        self.ring.change(lambda ring: _only(ring, version))
        self.failpoint("key_dropped")
        yield Progress(version, done, 0)

    def _new_version(self) -> int:
        """The version to go to: a new one, or that of a rotation which did not come to its end."""
        ring = self.ring.read_again()
        if len(ring.keys) == 1:
            ring = self.ring.change(_with_another)
        return ring.current

    def _use(self, session: Session, version: int) -> None:
        row = session.exec(select(VaultRow)).one()
        row.vault_key, row.proof = version, sealed_proof(self.ring.ring, self.vault_id)
        session.add(row)

    def _left(self, version: int) -> int:
        query = select(func.count()).select_from(DataKeyRow).where(col(DataKeyRow.vault_key) != version)
        return self.database.read(lambda session: session.exec(query).one())


def rotation(vault: Vault, failpoint: FailPoint = nothing) -> Rotation:
    """The rotation of an open vault's key."""
    return Rotation(vault.database, vault.ring, vault.data_keys, vault.id, failpoint)


def _with_another(ring: KeyRing) -> KeyRing:
    version = ring.current + 1
    return replace(ring, keys={**ring.keys, version: secrets.token_bytes(KEY_LENGTH)}, current=version)


def _only(ring: KeyRing, version: int) -> KeyRing:
    return replace(ring, keys={version: ring.keys[version]}, current=version)
