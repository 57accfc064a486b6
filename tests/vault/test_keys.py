import base64
from pathlib import Path

import pytest
from tests.vault.conftest import no_keychain

from evergrant.vault.keys import KeyUnavailable, MasterKey, key_file, obtain


class Memory:
    """A keychain that lasts as long as the test."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def from_file(folder: Path, *, new: bool = False) -> MasterKey:
    return obtain(folder, "vault_1", "file", no_keychain, new=new)


@pytest.fixture
def made(tmp_path: Path) -> MasterKey:
    return from_file(tmp_path, new=True)


def test_a_new_vaults_key_is_32_bytes_in_a_file_of_its_owner(tmp_path: Path, made: MasterKey) -> None:
    assert len(made.material) == 32
    assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert str(key_file(tmp_path)) in made.where


def test_the_key_is_found_again(tmp_path: Path, made: MasterKey) -> None:
    assert from_file(tmp_path).material == made.material


def test_a_key_that_is_there_is_never_replaced(tmp_path: Path, made: MasterKey) -> None:
    assert from_file(tmp_path, new=True).material == made.material


def test_a_key_does_not_show_in_its_repr(made: MasterKey) -> None:
    assert repr(made.material) not in repr(made)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_key_that_others_can_touch_is_refused(tmp_path: Path, made: MasterKey, mode: int) -> None:
    key_file(tmp_path).chmod(mode)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        from_file(tmp_path)


def test_a_link_to_a_key_is_refused(tmp_path: Path, made: MasterKey) -> None:
    elsewhere = key_file(tmp_path).rename(tmp_path / "elsewhere")
    key_file(tmp_path).symlink_to(elsewhere)
    with pytest.raises(KeyUnavailable, match="not a plain file"):
        from_file(tmp_path)


def test_a_folder_in_the_keys_place_is_refused(tmp_path: Path) -> None:
    key_file(tmp_path).mkdir()
    with pytest.raises(KeyUnavailable, match="not a plain file"):
        from_file(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not base64!",
        base64.b64encode(bytes(31)),
        base64.b64encode(bytes(33)),
        bytes(32),
        b"\xff" * 32,
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    key_file(tmp_path).touch(0o600)
    key_file(tmp_path).write_bytes(content)
    with pytest.raises(KeyUnavailable, match="not a 32-byte key"):
        from_file(tmp_path)


def test_the_key_of_a_vault_that_exists_is_never_made_anew(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="is missing"):
        from_file(tmp_path)
    with pytest.raises(KeyUnavailable, match="no key for this vault"):
        obtain(tmp_path, "vault_1", "keychain", Memory, new=False)
    assert list(tmp_path.iterdir()) == []


def test_a_keychain_keeps_the_key_where_one_works(tmp_path: Path) -> None:
    keychain = Memory()
    made = obtain(tmp_path, "vault_1", "auto", lambda: keychain, new=True)
    assert obtain(tmp_path, "vault_1", "keychain", lambda: keychain, new=False).material == made.material
    assert list(keychain.kept) == [("evergrant", "vault_1")]
    assert list(tmp_path.iterdir()) == []


def test_each_vault_has_a_key_of_its_own_in_the_keychain(tmp_path: Path) -> None:
    keychain = Memory()
    keys = {obtain(tmp_path, f"vault_{n}", "auto", lambda: keychain, new=True).material for n in range(3)}
    assert len(keys) == 3


def test_a_key_file_that_exists_wins_over_a_keychain_that_has_appeared(tmp_path: Path, made: MasterKey) -> None:
    keychain = Memory()
    assert obtain(tmp_path, "vault_1", "auto", lambda: keychain, new=False).material == made.material
    assert keychain.kept == {}


def test_without_a_keychain_the_file_is_taken_unless_a_keychain_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="EVERGRANT_KEY_SOURCE=file"):
        obtain(tmp_path, "vault_1", "keychain", no_keychain, new=True)
    assert len(obtain(tmp_path, "vault_1", "auto", no_keychain, new=True).material) == 32
    assert key_file(tmp_path).exists()


def test_a_wrong_value_in_the_keychain_is_refused(tmp_path: Path) -> None:
    keychain = Memory()
    keychain.set_password("evergrant", "vault_1", "someone else's")
    with pytest.raises(KeyUnavailable, match="not a 32-byte key"):
        obtain(tmp_path, "vault_1", "keychain", lambda: keychain, new=False)
