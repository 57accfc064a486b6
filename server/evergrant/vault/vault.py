"""Opening a vault: its folder, its database, its key."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.secret import Secret
from evergrant.store.database import Database, StoreUnavailable, set_journal_mode
from evergrant.store.locks import FileLock
from evergrant.store.migrate import upgrade
from evergrant.store.tables import VaultRow
from evergrant.vault.keys import Keychain, KeySource, KeyUnavailable, MasterKey, obtain
from evergrant.vault.seal import SealBroken, Sealer

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


def open_vault(folder: Path, source: KeySource, keychain: Callable[[], Keychain | None], clock: Clock) -> Vault:
    """The vault in `folder`, made at the first call; raises KeyUnavailable, StoreUnavailable."""
    path = database_file(folder)
    try:
        for inner in (folder, folder / "run", folder / "locks"):
            inner.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"The vault's folder cannot be used: {error}") from None
    with FileLock(folder / "locks" / "open.lock").held():
        set_journal_mode(path)
        database = Database(path)
        _upgrade(database)
        vault_id, key = database.write_now(lambda session: _identify(session, folder, source, keychain, clock))
    return Vault(vault_id, folder, database, key, Sealer(key.material, vault_id))


def _upgrade(database: Database) -> None:
    try:
        upgrade(database.engine)
    except (SQLAlchemyError, CommandError) as error:
        database.close()
        raise StoreUnavailable(f"The vault's database cannot be brought up to date: {error}") from None


def _identify(
    session: Session, folder: Path, source: KeySource, keychain: Callable[[], Keychain | None], clock: Clock
) -> tuple[str, MasterKey]:
    row = session.exec(select(VaultRow)).first()
    vault_id = row.id if row else new_id("vault", clock.now())
    key = obtain(folder, vault_id, source, keychain, new=row is None)
    sealer = Sealer(key.material, vault_id)
    if row is None:
        proof = sealer.seal(Secret(PROOF), "vault", "proof")
        session.add(VaultRow(id=vault_id, proof=proof, created_at=clock.now()))
    else:
        _prove(sealer, row)
    return vault_id, key


def _prove(sealer: Sealer, row: VaultRow) -> None:
    try:
        sealer.open(row.proof, "vault", "proof")
    except SealBroken:
        raise KeyUnavailable(
            "The key that was found is not this vault's. Restore the right one from your backup."
        ) from None
