import base64
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.clock import ManualClock
from tests.vault.conftest import no_keychain

from evergrant.model.secret import Secret
from evergrant.store.database import StoreUnavailable, journal_mode
from evergrant.store.locks import FileLock
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.file import key_file
from evergrant.vault.sources.given import Given
from evergrant.vault.vault import Vault, database_file, open_vault

OPEN_IT = """
import hashlib, sys
from pathlib import Path
from evergrant.model.clock import SystemClock
from evergrant.vault.vault import open_vault
sys.stdin.readline()
vault = open_vault(Path(sys.argv[1]), "file", lambda: None, SystemClock())
print(vault.id, hashlib.sha256(vault.key.material).hexdigest())
vault.close()
"""


def test_a_vault_is_made_at_the_first_opening_and_found_at_the_next(opened: Callable[[], Vault]) -> None:
    first, second = opened(), opened()
    assert first.id.startswith("vault_")
    assert (second.id, second.key.material) == (first.id, first.key.material)


def test_every_opening_sets_the_journal_mode_that_this_sqlite_is_safe_with(opened: Callable[[], Vault]) -> None:
    vault = opened()
    vault.close()
    safe = journal_mode(sqlite3.sqlite_version_info)
    with closing(sqlite3.connect(vault.file)) as connection:
        connection.execute(f"PRAGMA journal_mode={'DELETE' if safe == 'WAL' else 'WAL'}")
    opened()
    with closing(sqlite3.connect(vault.file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (safe.lower(),)


def test_the_folder_and_the_database_are_the_owners_only(opened: Callable[[], Vault]) -> None:
    vault = opened()
    assert vault.folder.stat().st_mode & 0o777 == 0o700
    assert vault.file.stat().st_mode & 0o777 == 0o600
    assert (vault.folder / "run").stat().st_mode & 0o777 == 0o700


def test_another_vaults_key_is_refused(vault: Vault, opened: Callable[[], Vault]) -> None:
    key_file(vault.folder).unlink()
    key_file(vault.folder).touch(0o600)
    key_file(vault.folder).write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    with pytest.raises(KeyUnavailable, match="not this vault's"):
        opened()


def test_a_lost_key_is_not_replaced(vault: Vault, opened: Callable[[], Vault]) -> None:
    key_file(vault.folder).unlink()
    with pytest.raises(KeyUnavailable, match="Restore it from your backup"):
        opened()
    assert not key_file(vault.folder).exists()


def test_a_key_that_cannot_be_had_leaves_no_half_made_vault(folder: Path, clock: ManualClock) -> None:
    with pytest.raises(KeyUnavailable):
        open_vault(folder, "keychain", no_keychain, clock)
    later = open_vault(folder, "file", no_keychain, clock)
    later.database.close()
    assert later.id.startswith("vault_")


def test_a_vault_of_the_first_form_opens_with_its_bare_key(
    vault: Vault, opened: Callable[[], Vault], folder: Path
) -> None:
    key_file(folder).write_text(base64.b64encode(vault.key.material).decode() + "\n")
    assert opened().key.material == vault.key.material


def test_a_sealed_vault_opens_with_its_secret_only(folder: Path, clock: ManualClock) -> None:
    def opened_with(key: bytes) -> Vault:
        given = Given(key=Secret(base64.b64encode(key).decode()))
        return open_vault(folder, "auto", no_keychain, clock, given)

    made = opened_with(bytes(32))
    made.database.close()
    again = opened_with(bytes(32))
    again.database.close()
    assert (again.id, again.key.ring) == (made.id, made.key.ring)
    with pytest.raises(KeyUnavailable, match="does not open with EVERGRANT_KEY"):
        opened_with(bytes(31) + b"1")


def test_a_vault_whose_database_is_lost_comes_back_under_the_id_that_its_sealed_ring_names(
    folder: Path, clock: ManualClock
) -> None:
    given = Given(key=Secret(base64.b64encode(bytes(32)).decode()))
    made = open_vault(folder, "auto", no_keychain, clock, given)
    made.database.close()
    database_file(folder).unlink()
    again = open_vault(folder, "auto", no_keychain, clock, given)
    again.database.close()
    assert (again.id, again.key.ring) == (made.id, made.key.ring)


def test_while_a_source_waits_for_a_person_others_write_to_the_vault(
    vault: Vault, folder: Path, clock: ManualClock
) -> None:
    wrote = list[str]()

    def typed(_new: bool) -> Secret:
        vault.database.write_now(lambda session: session.connection().exec_driver_sql("UPDATE vault SET id = id"))
        with FileLock(folder / "locks" / "open.lock").held():
            wrote.append("written")
        return Secret("nobody's passphrase")

    with pytest.raises(KeyUnavailable):
        open_vault(folder, "passphrase", no_keychain, clock, Given(ask=typed))
    assert wrote == ["written"]


@pytest.mark.parametrize("content", [b"something else entirely " * 1000, b"x" * 100])
def test_a_file_that_is_no_database_is_store_unavailable(
    folder: Path, opened: Callable[[], Vault], content: bytes
) -> None:
    folder.mkdir(0o700)
    database_file(folder).write_bytes(content)
    with pytest.raises(StoreUnavailable):
        opened()


def test_processes_that_open_a_new_vault_at_once_get_the_same_id_and_key(folder: Path) -> None:
    command = [sys.executable, "-c", OPEN_IT, str(folder)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(set(answers)) == 1
    assert answers[0].startswith("vault_")
