from pathlib import Path

import pytest
from tests.doctor.samples import levels, only
from tests.fakes.keychain import Memory

from evergrant.doctor.keychain import keychain, look
from evergrant.doctor.keys import key_source, lost_vault
from evergrant.vault.keys import MasterKey
from evergrant.vault.ring import KeyStore, KeyUnavailable, new_ring
from evergrant.vault.sources.file import FileStore
from evergrant.vault.sources.given import VISIBLE
from evergrant.vault.sources.keychain import Keychain, KeychainLocked, KeychainStore, NoKeychain

HERE = Path("/vault")


def master(store: KeyStore, *warnings: str) -> MasterKey:
    return MasterKey(new_ring(), store, warnings)


def test_a_key_that_opens_the_vault_is_named_by_its_place(tmp_path: Path) -> None:
    [found] = key_source(tmp_path, master(FileStore(tmp_path)))

    assert found.level == "ok"
    assert str(tmp_path / "vault.key") in found.what


def test_a_key_in_the_environment_is_a_note_and_other_words_of_caution_are_warnings(tmp_path: Path) -> None:
    found = list(key_source(tmp_path, master(FileStore(tmp_path), VISIBLE, "EVERGRANT_KEY_FILE is not used.")))

    assert levels(found) == ["ok", "note", "warning"]
    assert "/proc" in found[1].what
    assert "EVERGRANT_KEY_FILE" in (found[1].what_to_do or "")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (KeyUnavailable("The key that was found is not this vault's."), "evergrant status"),
        (KeychainLocked(), "Unlock the keychain"),
        (NoKeychain("There is no OS keychain here."), "Start the keychain"),
    ],
)
def test_a_key_that_cannot_be_had_says_the_way_back(error: KeyUnavailable, advice: str) -> None:
    found = only(key_source(HERE, error))

    assert found.level == "problem"
    assert found.what == str(error)
    assert advice in (found.what_to_do or "")


@pytest.mark.parametrize("own", ["file", "keychain"])
def test_a_second_key_that_lies_about_is_to_be_moved_away(tmp_path: Path, own: str) -> None:
    for name in ("vault.key", "keyring.sealed"):
        (tmp_path / name).touch()
    store: KeyStore = FileStore(tmp_path) if own == "file" else KeychainStore(Memory(), "vault_1")

    found = [each for each in key_source(tmp_path, master(store)) if each.level == "warning"]

    strays = ["keyring.sealed"] if own == "file" else ["keyring.sealed", "vault.key"]
    assert [
        f"mv {tmp_path / name} {tmp_path / name}.unused" in (each.what_to_do or "")
        for name, each in zip(strays, found, strict=True)
    ] == [True] * len(strays)


def test_a_key_without_a_vault_is_told(tmp_path: Path) -> None:
    assert list(lost_vault(tmp_path)) == []
    (tmp_path / "vault.key").touch()
    assert "vault.db" in (only(lost_vault(tmp_path)).what_to_do or "")


def finds(error: KeyUnavailable) -> Keychain:
    raise error


@pytest.mark.parametrize(
    ("error", "platform", "command"),
    [
        (KeychainLocked(), "linux", "gnome-keyring-daemon --unlock"),
        (KeychainLocked(), "darwin", "security unlock-keychain"),
        (NoKeychain("There is no OS keychain here but keyrings.alt.file."), "linux", "apt-get install gnome-keyring"),
        (KeyUnavailable("The OS keychain failed: LookupError"), "linux", "keyring diagnose"),
    ],
)
def test_a_keychain_that_will_not_do_matters_only_to_a_vault_that_needs_it(
    error: KeyUnavailable, platform: str, command: str
) -> None:
    looked = look(lambda: finds(error))

    needed, spare = (keychain(looked, platform, needed=needed) for needed in (True, False))

    assert (needed.level, spare.level) == ("problem", "note")
    assert command in (needed.what_to_do or "")
    with pytest.raises(KeyUnavailable):
        looked.again()


def test_a_keychain_is_asked_once_and_used_again() -> None:
    asked: list[Memory] = []

    def find() -> Keychain:
        asked.append(Memory())
        return asked[-1]

    looked = look(find)

    assert looked.again() is looked.again() is asked[0]
    assert keychain(looked, "linux", needed=True).level == "ok"
    assert len(asked) == 1
    assert keychain(look(lambda: None), "linux", needed=False).level == "note"
