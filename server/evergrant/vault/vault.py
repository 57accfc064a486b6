"""Opening a vault: its folder, its database, its key."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.secret import Secret
from evergrant.store.database import Database, StoreUnavailable, set_journal_mode
from evergrant.store.locks import FileLock
from evergrant.store.migrate import upgrade
from evergrant.store.tables import VaultRow
from evergrant.vault.data_keys import DataKeys, vault_key_id
from evergrant.vault.epoch import notice_restore
from evergrant.vault.keys import NOTHING, FindKeychain, KeySource, MasterKey, made_for, obtain
from evergrant.vault.live_ring import LiveRing
from evergrant.vault.ring import KeyRing, KeyUnavailable
from evergrant.vault.seal import SealBroken, Sealer
from evergrant.vault.sources.given import Given

PROOF = "evergrant"


@dataclass(frozen=True, slots=True)
class Vault:
    """An open vault."""

    id: str
    folder: Path
    database: Database
    key: MasterKey
    ring: LiveRing

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
    def file(self) -> Path:
        return database_file(self.folder)


def database_file(folder: Path) -> Path:
    """The database of the vault in `folder`."""
    return folder / "vault.db"


def open_vault(
    folder: Path, source: KeySource, find_keychain: FindKeychain, clock: Clock, given: Given = NOTHING
) -> Vault:
    """The vault in `folder`, made at the first call; raises KeyUnavailable, StoreUnavailable."""
    path = database_file(folder)
    try:
        for inner in (folder, folder / "run", folder / "locks"):
            inner.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"The vault's folder cannot be used: {error}") from None
    lock = FileLock(folder / "locks" / "open.lock")
    with lock.held():
        database = _database(path)

    def ask(vault_id: str, *, new: bool) -> MasterKey:
        return obtain(folder, vault_id, source, find_keychain, given, new=new)

    with ExitStack() as undo:
        undo.callback(database.close)
        vault_id, key = _identify(database, lock, ask, folder, clock)
        undo.pop_all()
    ring = LiveRing(key.ring, key.store, lambda: FileLock(folder / "locks" / "ring.lock"))
    notice_restore(database, ring)
    return Vault(vault_id, folder, database, key, ring)


def _database(path: Path) -> Database:
    set_journal_mode(path)
    database = Database(path)
    try:
        upgrade(database.engine)
    except (SQLAlchemyError, CommandError) as error:
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
            proof = sealed_proof(key.ring, vault_id)
            made = VaultRow(id=vault_id, proof=proof, vault_key=key.ring.current, created_at=clock.now())
            database.write_now(lambda session: session.add(made))
            return vault_id, key
    key = ask(row.id, new=False)
    prove(key.ring, _unless_rotated(database, row, key))
    return row.id, key


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
    """Raises KeyUnavailable where the ring is not this vault's."""
    try:
        _proof_sealer(ring, row.vault_key, row.id).open(row.proof, "vault", "proof")
    except (SealBroken, KeyError):
        raise KeyUnavailable(
            "The key that was found is not this vault's. Restore the right one from your backup."
        ) from None
