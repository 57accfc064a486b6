"""One data key for each account, connection and webhook endpoint, wrapped by the vault's key of the time.

To take a data key away is to shred all that was sealed with it, wherever copies of that lie. To change the vault's key
means to wrap the data keys anew, and to seal nothing anew.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import func, or_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, delete, select

from evergrant.model.secret import Secret
from evergrant.store.tables import DataKeyRow, VaultRow
from evergrant.vault.live_ring import LiveRing
from evergrant.vault.seal import KEY_ID_LENGTH, KEY_LENGTH, SealBroken, Sealer

FIELD = "data_key"
Told = Callable[[Secret], None]


class Owner(NamedTuple):
    """Whose fields a data key seals; of another connector, it does not open."""

    tenant_id: str
    id: str
    connector: str


class FieldSealer:
    """Seals and opens the fields of one owner; `told` hears of each secret that is opened."""

    def __init__(self, sealer: Sealer, owner: Owner, told: Told) -> None:
        self._sealer = sealer
        self._owner = owner
        self._told = told

    def seal(self, secret: Secret, *place: str | int) -> bytes:
        """`secret`, sealed for a field of this owner."""
        self._told(secret)
        return self._sealer.seal(secret, *self._owner, *place)

    def open(self, sealed: bytes, *place: str | int) -> Secret:
        """The secret that was sealed for exactly this field; raises SealBroken."""
        secret = self._sealer.open(sealed, *self._owner, *place)
        self._told(secret)
        return secret


def nobody(_secret: Secret) -> None:
    """Hears nothing."""


class DataKeys:
    """The data keys of one vault; works within its caller's transaction."""

    def __init__(self, ring: LiveRing, vault_id: str, told: Told = nobody) -> None:
        self._ring = ring
        self._vault_id = vault_id
        self._told = told
        self._under = lru_cache(maxsize=4)(self._sealer)  # the ring itself holds the keys, so nothing more is held

    def telling(self, told: Told) -> "DataKeys":
        """The same, and `told` hears of each secret that is sealed or opened."""
        return DataKeys(self._ring, self._vault_id, told)

    def of(self, session: Session, owner: Owner) -> FieldSealer:
        """What opens the owner's fields; raises SealBroken."""
        return self.opened(session.get(DataKeyRow, owner[:2]), owner)

    def opened(self, row: DataKeyRow | None, owner: Owner) -> FieldSealer:
        """The same for a row that was read already; raises SealBroken where there is none."""
        if row is None:
            raise SealBroken("A sealed value has no key any more: it was shredded.")
        key = self._under(row.vault_key).unwrap(row.wrapped, FIELD, *owner, row.key_id.hex())
        return FieldSealer(Sealer(key, self._vault_id, row.key_id), owner, self._told)

    def made_for(self, session: Session, owner: Owner) -> FieldSealer:
        """What seals the owner's fields, made where there is none yet; only within a write."""
        if row := session.get(DataKeyRow, owner[:2]):
            return self.opened(row, owner)
        key, key_id = os.urandom(KEY_LENGTH), os.urandom(KEY_ID_LENGTH)
        version = session.exec(select(VaultRow.vault_key)).one()
        wrapped = self._under(version).wrap(key, FIELD, *owner, key_id.hex())
        tenant_id, owner_id, connector = owner
        session.add(
            DataKeyRow(
                tenant_id=tenant_id,
                owner_id=owner_id,
                connector=connector,
                key_id=key_id,
                vault_key=version,
                wrapped=wrapped,
            )
        )
        session.flush()
        return FieldSealer(Sealer(key, self._vault_id, key_id), owner, self._told)

    def wrap_anew(self, session: Session, version: int, limit: int) -> int:
        """Wrap up to `limit` data keys that are under another version of the vault's key; returns how many.

        Raises SealBroken, with the owner's id, where one does not open: to go on would be to lose it.
        """
        rows = session.exec(select(DataKeyRow).where(_under_another(version)).limit(limit)).all()
        for row in rows:
            row.wrapped, row.vault_key = self._wrapped_by(row, version), version
            session.add(row)
        return len(rows)

    def _wrapped_by(self, row: DataKeyRow, version: int) -> bytes:
        place = (FIELD, row.tenant_id, row.owner_id, row.connector, row.key_id.hex())
        try:
            key = self._under(row.vault_key).unwrap(row.wrapped, *place)
        except SealBroken as broken:
            raise SealBroken(
                f"The data key of {row.owner_id} does not open, so the rotation stopped. {broken} "
                "See what is broken: evergrant vault verify"
            ) from None
        return self._under(version).wrap(key, *place)

    def _sealer(self, version: int) -> Sealer:
        return Sealer(self._ring.key(version), self._vault_id, vault_key_id(version))


def vault_key_id(version: int) -> bytes:
    """How a header names a version of the vault's key."""
    return version.to_bytes(KEY_ID_LENGTH)


def under_another(session: Session, version: int) -> int:
    """How many data keys are under another version of the vault's key."""
    return session.exec(select(func.count()).select_from(DataKeyRow).where(_under_another(version))).one()


def _under_another(version: int) -> ColumnElement[bool]:
    """By the index, which `!=` would pass over."""
    return or_(col(DataKeyRow.vault_key) < version, col(DataKeyRow.vault_key) > version)


def destroy(session: Session, tenant_id: str, owner_id: str) -> None:
    """Take the data key away: what it sealed opens nowhere any more."""
    session.exec(delete(DataKeyRow).where(col(DataKeyRow.tenant_id) == tenant_id, col(DataKeyRow.owner_id) == owner_id))
