"""Opening a vault: its folder, its database, its key."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlmodel import select

from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.secret import Secret
from evergrant.store.database import Database, StoreUnavailable, set_journal_mode
from evergrant.store.locks import FileLock
from evergrant.store.migrate import CannotMigrate, upgrade
from evergrant.store.tables import VaultRow
from evergrant.vault.data_keys import DataKeys, vault_key_id
from evergrant.vault.epoch import notice_restore
from evergrant.vault.keys import NOTHING, FindKeychain, KeySource, MasterKey, made_for, obtain
from evergrant.vault.live_ring import LiveRing
from evergrant.vault.ring import KeyRing, KeyUnavailable
from evergrant.vault.seal import SealBroken, Sealer
from evergrant.vault.sources.given import Given
from evergrant.vault.spool import Spool
from evergrant.vault.tenants import local_tenant

PROOF = "evergrant"


@dataclass(frozen=True, slots=True)
class Vault:
    """An open vault."""

    id: str
    folder: Path
    database: Database
    key: MasterKey
    ring: LiveRing
    presence: FileLock = field(repr=False)
    """Shared by all processes that have the vault open."""

    def close(self) -> None:
        """Finish the write under way, close the database and leave."""
        self.database.close()
        self.presence.release()

    @property
    def data_keys(self) -> DataKeys:
        """What seals and opens the fields of accounts and connections."""
        return DataKeys(self.ring, self.id)

    @property
    def spool_sealer(self) -> Sealer:
        """What seals the rescue spool: by a secret that stays when the vault's key is changed, for a spool is written
        just when the database cannot say which key is the current one."""
        return Sealer(self.ring.ring.spool_key(), self.id)

    @property
    def spool(self) -> Spool:
        """The rescue spool; raises StoreUnavailable where it cannot be made."""
        return Spool(spool_file(self.folder), self.spool_sealer)

    @property
    def file(self) -> Path:
        return database_file(self.folder)


def database_file(folder: Path) -> Path:
    """The database of the vault in `folder`."""
    return folder / "vault.db"


def spool_file(folder: Path) -> Path:
    """The rescue spool of the vault in `folder`."""
    return folder / "spool"


def presence_lock(folder: Path) -> FileLock:
    """Shared by all who have the vault open; whoever holds it alone knows that nobody has."""
    return FileLock(folder / "locks" / "presence.lock")


def make_folders(folder: Path) -> None:
    """The vault's folder and those within it; raises StoreUnavailable."""
    try:
        for inner in (folder, folder / "run", folder / "locks"):
            inner.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(error) from None


def open_vault(
    folder: Path, source: KeySource, find_keychain: FindKeychain, clock: Clock, given: Given = NOTHING
) -> Vault:
    """The vault in `folder`, made at the first call; raises KeyUnavailable, StoreUnavailable."""
    make_folders(folder)
    lock = FileLock(folder / "locks" / "open.lock")

    def ask(vault_id: str, *, new: bool) -> MasterKey:
        return obtain(folder, vault_id, source, find_keychain, given, new=new)

    with ExitStack() as undo:
        presence = _entered(folder)
        undo.callback(presence.release)
        with lock.held():
            database = _made(database_file(folder))
        undo.callback(database.close)
        vault_id, key = _identify(database, lock, ask, folder, clock)
        ring = LiveRing(key.ring, key.store, lambda: FileLock(folder / "locks" / "ring.lock"), clock)
        notice_restore(database, ring)
        undo.pop_all()
    return Vault(vault_id, folder, database, key, ring, presence)


def _entered(folder: Path) -> FileLock:
    presence = presence_lock(folder)
    try:
        presence.share()
    except OSError as error:
        raise _unusable(error) from None
    return presence


def _made(path: Path) -> Database:
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise _unusable(error) from None
    return up_to_date(path)


def _unusable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"The vault's folder cannot be used: {error}")


def up_to_date(path: Path) -> Database:
    """The database in that file, brought to this version's tables; raises StoreUnavailable."""
    set_journal_mode(path)
    database = Database(path)
    try:
        upgrade(database.engine)
    except CannotMigrate as error:
        database.close()
        raise StoreUnavailable(f"The vault's database cannot be brought up to date: {error}") from None
    return database


class _Ask(Protocol):
    def __call__(self, vault_id: str, *, new: bool) -> MasterKey: ...


def _identify(database: Database, lock: FileLock, ask: _Ask, folder: Path, clock: Clock) -> tuple[str, MasterKey]:
    """Which vault this is, and its key. A source may wait for a person or a network: never within a transaction."""
    with lock.held():
        row = database.read(lambda session: session.exec(select(VaultRow)).first())
        if row is None:
            vault_id = made_for(folder) or new_id("vault", clock.now())
            key = ask(vault_id, new=True)
            first = (_first_row(vault_id, key.ring, clock), local_tenant(clock.now()))
            database.write_now(lambda session: session.add_all(first))
            return vault_id, key
    key = ask(row.id, new=False)
    prove(key.ring, _unless_rotated(database, row, key))
    return row.id, key


def _first_row(vault_id: str, ring: KeyRing, clock: Clock) -> VaultRow:
    """Of a ring's own epoch: where a database was lost and its key was not, a new one is no restored one."""
    proof = sealed_proof(ring, vault_id)
    return VaultRow(id=vault_id, proof=proof, vault_key=ring.current, epoch=ring.epoch, created_at=clock.now())


def _unless_rotated(database: Database, row: VaultRow, key: MasterKey) -> VaultRow:
    """The row as it was read, or, where the vault's key was changed just then, as it is now."""
    if row.vault_key in key.ring.keys:
        return row
    return database.read(lambda session: session.exec(select(VaultRow)).one())


def sealed_proof(ring: KeyRing, vault_id: str) -> bytes:
    """A sealed constant that tells whether a key is this vault's."""
    return _proof_sealer(ring, ring.current, vault_id).seal(Secret(PROOF), "vault", "proof")


def _proof_sealer(ring: KeyRing, version: int, vault_id: str) -> Sealer:
    return Sealer(ring.keys[version], vault_id, vault_key_id(version))


def prove(ring: KeyRing, row: VaultRow) -> None:
    """Raises KeyUnavailable where the ring is not this vault's, or not of this time."""
    if row.vault_key not in ring.keys:
        versions = ", ".join(str(version) for version in sorted(ring.keys))
        raise KeyUnavailable(
            f"This database is sealed under version {row.vault_key} of the vault's key, and the key that was found "
            f"has version {versions}: the two are of different times. Restore the key that was exported with it."
        )
    try:
        _proof_sealer(ring, row.vault_key, row.id).open(row.proof, "vault", "proof")
    except SealBroken:
        raise KeyUnavailable(
            "The key that was found is not this vault's. Restore the right one from your backup."
        ) from None
