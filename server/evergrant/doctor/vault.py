"""The part of the examination that reads the vault's folder and database, and makes and changes nothing there."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evergrant.doctor import database, files, keychain, keys
from evergrant.doctor.finding import Finding, note, walled
from evergrant.doctor.folder import folder
from evergrant.doctor.outside import Outside
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.store.database import Database, StoreUnavailable
from evergrant.store.tables import VaultRow
from evergrant.vault.keys import MasterKey, obtain
from evergrant.vault.overview import Overview, overview, vault_row
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.file import key_file
from evergrant.vault.sources.sealed import sealed_file
from evergrant.vault.spool import waiting
from evergrant.vault.vault import database_file, prove

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """What the database and the key came to; later checks go on with as much as there is."""

    row: VaultRow | StoreUnavailable | None = None
    """None where there is no vault yet."""
    seen: Overview | StoreUnavailable | None = None
    condition: database.Condition | StoreUnavailable | None = None
    key: MasterKey | KeyUnavailable | None = None
    """None where it was not looked for, since the database does not say which vault it is."""

    @property
    def unread(self) -> bool:
        """Whether there is a database and it does not tell what is in it."""
        return self.row is not None and not isinstance(self.seen, Overview)

    @property
    def overview(self) -> Overview:
        """Empty where the database cannot be read."""
        return self.seen if isinstance(self.seen, Overview) else Overview()


def read_vault(settings: Settings, outside: Outside, looked: keychain.Looked) -> Read:
    """Whatever can be read."""
    path = database_file(settings.home)
    try:
        if not path.exists() or path.stat().st_size == 0:
            return Read()
    except OSError as error:
        unreadable = StoreUnavailable(f"The vault's folder cannot be looked into: {error.strerror}.")
        unreadable.__cause__ = error
        return Read(unreadable)
    with closing(Database(path)) as opened:
        row = _tried(lambda: vault_row(opened))
        seen = _tried(lambda: overview(opened, LOCAL_TENANT))
        condition = _tried(lambda: database.condition(opened))
    key = _key(settings, outside, looked, row) if isinstance(row, VaultRow) else None
    return Read(row, seen, condition, key)


def findings(settings: Settings, outside: Outside, looked: keychain.Looked, read: Read) -> list[Finding]:
    """The group of the vault."""
    home = settings.home
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("database", lambda: _database(home, outside, read)),
        ("key source", lambda: _key_findings(home, read)),
        ("keychain", lambda: iter([_keychain(settings, outside, looked, read)])),
        ("folder", lambda: iter([folder(home, outside.folder)])),
    ]
    if home.exists():
        checks += [
            ("file modes", lambda: files.modes(home, files.places(home), outside.lstat, outside.machine.uid)),
            ("file modes", lambda: files.locks(home / "locks", outside.lstat, outside.machine.uid)),
            ("disk", lambda: _room(home, outside)),
            ("spool", lambda: iter([database.spool(home / "spool", waiting(home / "spool"))])),
        ]
    return [finding for name, look in checks for finding in walled(name, look)]


def _tried(work: Callable[[], T]) -> T | StoreUnavailable:
    try:
        return work()
    except StoreUnavailable as error:
        return error


def _key(settings: Settings, outside: Outside, looked: keychain.Looked, row: VaultRow) -> MasterKey | KeyUnavailable:
    try:
        key = obtain(settings.home, row.id, settings.key_source, looked.again, outside.given, new=False)
        prove(key.ring, row)
    except KeyUnavailable as error:
        return error
    return key


def _database(home: Path, outside: Outside, read: Read) -> Iterator[Finding]:
    path = database_file(home)
    if read.row is None:
        yield note("vault", f"There is none in {home} yet.", "The first use makes it: evergrant serve")
        return
    failed = [each for each in (read.row, read.seen, read.condition) if isinstance(each, StoreUnavailable)]
    if failed:
        yield database.unusable(path, failed[0])
    elif isinstance(read.condition, database.Condition):
        yield from database.whole(path, read.condition, outside.machine.sqlite)
    if isinstance(read.row, VaultRow):
        epoch = read.key.ring.epoch if isinstance(read.key, MasterKey) else None
        yield from database.restored(read.row, epoch)


def _key_findings(home: Path, read: Read) -> Iterator[Finding]:
    if read.row is None:
        yield from keys.lost_vault(home)
    elif read.key is None:
        yield note(keys.CHECK, "Not looked for, since the database does not say which vault it is.")
    else:
        yield from keys.key_source(home, read.key)


def _keychain(settings: Settings, outside: Outside, looked: keychain.Looked, read: Read) -> Finding:
    """An existing vault that has left no key in its folder was made with the keychain."""
    made = read.row is not None and not key_file(settings.home).exists() and not sealed_file(settings.home).exists()
    needed = settings.key_source == "keychain" or (settings.key_source == "auto" and made)
    return keychain.keychain(looked, outside.machine.platform, needed=needed)


def _room(home: Path, outside: Outside) -> Iterator[Finding]:
    path = database_file(home)
    size = path.stat().st_size if path.exists() else 0
    return database.room(home, outside.free(home), size, writable=outside.writable(home))
