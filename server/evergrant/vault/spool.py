"""The rescue spool: a place for a new token when the database cannot be written.

A full disk must not cost a grant, so the file is written out in full when the vault is opened: later writes need no new
blocks. Entries are sealed. Several processes share it under a lock.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from evergrant.model.account import AccountKey, GrantKey
from evergrant.model.grant import Grant
from evergrant.model.secret import Secret
from evergrant.store.database import StoreUnavailable
from evergrant.vault.held import Held, Renewed
from evergrant.vault.seal import SealBroken, Sealer

SLOTS = 32
SLOT_SIZE = 32 * 1024
LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry: a success that replaces generation `base` of an account."""

    slot: int
    key: GrantKey
    base: int
    renewed: Renewed


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    tenant_id: str
    account_id: str
    credential: str
    base: int
    access_token: str
    refresh_token: str | None
    issued_at: datetime
    expires_at: datetime | None
    refresh_at: datetime | None
    refresh_expires_at: datetime | None
    values: dict[str, str]
    scopes_granted: tuple[str, ...]


class Spool:
    """A fixed number of sealed slots in one preallocated file."""

    def __init__(self, path: Path, sealer: Sealer) -> None:
        """Raises StoreUnavailable where the file cannot be made."""
        self._path = path
        self._sealer = sealer
        if not path.exists() or path.stat().st_size < SLOTS * SLOT_SIZE:
            self._allocate()

    def keep(self, held: Held, renewed: Renewed) -> None:
        """Put a success that the database did not take on disk; raises StoreUnavailable when the spool is full too."""
        grant = renewed.grant
        record = _Record(
            tenant_id=held.key.tenant_id,
            account_id=held.key.account_id,
            credential=held.key.credential,
            base=held.grant.generation,
            access_token=grant.access_token.reveal(),
            refresh_token=grant.refresh_token.reveal() if grant.refresh_token else None,
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
            refresh_at=grant.refresh_at,
            refresh_expires_at=grant.refresh_expires_at,
            values=dict(renewed.values),
            scopes_granted=renewed.scopes_granted,
        )
        text = record.model_dump_json()
        with self._open() as descriptor:
            free = next((slot for slot in range(SLOTS) if not _length(descriptor, slot)), None)
            if free is None:
                raise StoreUnavailable("The database cannot be written and its rescue spool is full.")
            _write(descriptor, free, self._sealer.seal(Secret(text), "spool", free))

    def entries(self) -> list[Kept]:
        """What waits to be put into the database; an entry that does not open holds up none of the others."""
        return [self._kept(slot, clear) for slot, clear in self._opened() if clear is not None]

    def broken(self) -> list[int]:
        """The slots whose entries do not open."""
        return [slot for slot, clear in self._opened() if clear is None]

    def waiting(self) -> int:
        """How many entries there are, whether or not they open."""
        with self._open() as descriptor:
            return sum(1 for slot in range(SLOTS) if _length(descriptor, slot))

    def forget(self, key: AccountKey) -> int:
        """Overwrite the account's entries; returns how many there were."""
        mine = [kept for kept in self.entries() if kept.key[:2] == key]
        for kept in mine:
            self.drop(kept)
        return len(mine)

    def drop(self, kept: Kept) -> None:
        """Free an entry's slot; its bytes are overwritten."""
        with self._open() as descriptor:
            os.pwrite(descriptor, bytes(SLOT_SIZE), kept.slot * SLOT_SIZE)
            os.fdatasync(descriptor)

    def _opened(self) -> list[tuple[int, Secret | None]]:
        with self._open() as descriptor:
            used = [slot for slot in range(SLOTS) if _length(descriptor, slot)]
            return [(slot, self._clear(slot, _read(descriptor, slot))) for slot in used]

    def _clear(self, slot: int, sealed: bytes) -> Secret | None:
        try:
            return self._sealer.open(sealed, "spool", slot)
        except SealBroken:
            return None

    def _kept(self, slot: int, clear: Secret) -> Kept:
        record = _Record.model_validate_json(clear.reveal())
        grant = Grant(
            generation=record.base + 1,
            access_token=Secret(record.access_token),
            refresh_token=Secret(record.refresh_token) if record.refresh_token else None,
            issued_at=record.issued_at,
            expires_at=record.expires_at,
            refresh_at=record.refresh_at,
            refresh_expires_at=record.refresh_expires_at,
        )
        key = GrantKey(record.tenant_id, record.account_id, record.credential)
        return Kept(slot, key, record.base, Renewed(grant, record.values, record.scopes_granted))

    def _allocate(self) -> None:
        try:
            with self._open() as descriptor:
                if os.fstat(descriptor).st_size < SLOTS * SLOT_SIZE:
                    os.pwrite(descriptor, bytes(SLOTS * SLOT_SIZE), 0)
                    os.fsync(descriptor)
        except OSError as error:
            raise StoreUnavailable(f"The rescue spool {self._path} cannot be made: {error.strerror}.") from None

    @contextmanager
    def _open(self) -> Generator[int, None, None]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def waiting(path: Path) -> int:
    """How many entries there are, told without the key; 0 where there is no spool. Raises OSError."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for slot in range(SLOTS) if _length(file.fileno(), slot))


def _length(descriptor: int, slot: int) -> int:
    return int.from_bytes(os.pread(descriptor, LENGTH_BYTES, slot * SLOT_SIZE))


def _read(descriptor: int, slot: int) -> bytes:
    return os.pread(descriptor, _length(descriptor, slot), slot * SLOT_SIZE + LENGTH_BYTES)


def _write(descriptor: int, slot: int, sealed: bytes) -> None:
    """Body first, then the length that makes it count: a torn write leaves a free slot."""
    if len(sealed) > SLOT_SIZE - LENGTH_BYTES:
        raise StoreUnavailable("The tokens are too large for the rescue spool.")
    os.pwrite(descriptor, sealed, slot * SLOT_SIZE + LENGTH_BYTES)
    os.fdatasync(descriptor)
    os.pwrite(descriptor, len(sealed).to_bytes(LENGTH_BYTES), slot * SLOT_SIZE)
    os.fdatasync(descriptor)
