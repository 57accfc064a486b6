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
from evergrant.vault.keys import NOTHING, FindKeychain, KeySource, MasterKey, made_for, obtain
from evergrant.vault.ring import KeyUnavailable
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
    sealer: Sealer

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
    return Vault(vault_id, folder, database, key, Sealer(key.material, vault_id))


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
            proof = Sealer(key.material, vault_id).seal(Secret(PROOF), "vault", "proof")
            made = VaultRow(id=vault_id, proof=proof, created_at=clock.now())
            database.write_now(lambda session: session.add(made))
            return vault_id, key
    key = ask(row.id, new=False)
    prove(key, row)
    return row.id, key


def prove(key: MasterKey, row: VaultRow) -> None:
    """Raises KeyUnavailable where the key is not this vault's."""
    try:
        Sealer(key.material, row.id).open(row.proof, "vault", "proof")
    except SealBroken:
        raise KeyUnavailable(
            "The key that was found is not this vault's. Restore the right one from your backup."
        ) from None
