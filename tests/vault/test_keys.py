import base64
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.json_server import running
from tests.fakes.keychain import Locked, Memory
from tests.fakes.kms import KEY as KMS_KEY
from tests.fakes.kms import Kms
from tests.fakes.transit import KEY as TRANSIT_KEY
from tests.fakes.transit import TransitEngine
from tests.vault.conftest import no_keychain

from evergrant.model.secret import Secret
from evergrant.vault.keys import KeySource, MasterKey, made_for, obtain
from evergrant.vault.ring import KeyUnavailable, new_ring
from evergrant.vault.sources.file import FileStore, key_file
from evergrant.vault.sources.given import Given, Transit
from evergrant.vault.sources.keychain import KeychainLocked, NoKeychain
from evergrant.vault.sources.sealed import sealed_file

KEY = Secret(base64.b64encode(bytes(range(32))).decode())
NOWHERE = "http://127.0.0.1:1"
ALL: tuple[KeySource, ...] = ("keychain", "file", "passphrase", "env", "aws-kms", "vault-transit")


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Kms:
    return Kms()


@pytest.fixture
def engine() -> TransitEngine:
    return TransitEngine()


@pytest.fixture
def given(tmp_path: Path, kms: Kms, engine: TransitEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """Everything that every source needs."""
    passphrase = tmp_path / "passphrase"
    passphrase.touch(0o600)
    passphrase.write_text("correct horse")
    for name, value in (("REGION", "eu-central-1"), ("ACCESS_KEY_ID", "AKIDTEST"), ("SECRET_ACCESS_KEY", "secret")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with ExitStack() as services:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", services.enter_context(running(kms)))
        transit = Transit(services.enter_context(running(engine)), Secret(engine.token), None, None, TRANSIT_KEY)
        yield Given(key=KEY, passphrase_file=passphrase, kms_key=KMS_KEY, transit=transit)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def keychain() -> Memory:
    return Memory()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def from_file(folder: Path, *, new: bool = False) -> MasterKey:
    return obtain(folder, "vault_1", "file", no_keychain, new=new)


@pytest.mark.parametrize("source", ALL)
def test_every_source_gives_back_the_ring_that_it_was_given(
    folder: Path, given: Given, keychain: Memory, source: KeySource
) -> None:
    made = obtain(folder, "vault_1", source, lambda: keychain, given, new=True)
    assert obtain(folder, "vault_1", source, lambda: keychain, given, new=False).ring == made.ring
    turned = replace(made.ring, keys={**made.ring.keys, 2: bytes(32)}, current=2, epoch=5)
    made.store.write(turned)
    assert obtain(folder, "vault_1", source, lambda: keychain, given, new=False).ring == turned


@pytest.mark.parametrize("source", ALL)
def test_a_source_leaves_one_thing_in_one_place(
    folder: Path, given: Given, keychain: Memory, source: KeySource
) -> None:
    obtain(folder, "vault_1", source, lambda: keychain, given, new=True)
    files = {"keychain": [], "file": ["vault.key"]}.get(source, ["keyring.sealed"])
    assert (left_in(folder), len(keychain.kept)) == (files, 1 if source == "keychain" else 0)


@pytest.mark.parametrize("source", ALL)
def test_what_a_vault_was_made_with_is_found_again_without_being_named(
    folder: Path, given: Given, keychain: Memory, source: KeySource
) -> None:
    made = obtain(folder, "vault_1", source, lambda: keychain, given, new=True)
    assert obtain(folder, "vault_1", "auto", lambda: keychain, given, new=False).ring == made.ring


@pytest.mark.parametrize("source", ["passphrase", "env", "aws-kms", "vault-transit"])
def test_a_sealed_ring_holds_no_key_in_clear(folder: Path, given: Given, keychain: Memory, source: KeySource) -> None:
    made = obtain(folder, "vault_1", source, lambda: keychain, given, new=True)
    content = sealed_file(folder).read_bytes()
    for secret in (made.ring.key, made.ring.bearer):
        assert secret not in content
        assert base64.b64encode(secret) not in content


def refused(folder: Path, source: KeySource, given: Given, bait: Memory, told: str, *, new: bool = True) -> None:
    """The source is refused, and nothing was written though another place would have taken the key."""
    before = left_in(folder)
    with pytest.raises(KeyUnavailable, match=told):
        obtain(folder, "vault_1", source, (lambda: None) if source == "keychain" else (lambda: bait), given, new=new)
    assert (left_in(folder), bait.kept) == (before, {})


def test_a_keychain_that_was_asked_for_and_is_not_there_is_not_replaced(folder: Path, given: Given) -> None:
    refused(folder, "keychain", given, Memory(), "There is no OS keychain here. .*EVERGRANT_KEY_SOURCE=file")


@pytest.mark.parametrize("source", ["keychain", "auto"])
def test_a_locked_keychain_is_not_replaced(folder: Path, source: KeySource) -> None:
    def locked() -> Memory:
        raise KeychainLocked

    with pytest.raises(KeyUnavailable, match="Unlock it"):
        obtain(folder, "vault_1", source, locked, new=True)
    with pytest.raises(KeyUnavailable, match="Unlock it"):
        obtain(folder, "vault_1", source, Locked, new=True)
    assert left_in(folder) == []


def test_a_key_file_that_was_asked_for_and_is_no_good_is_not_replaced(
    folder: Path, given: Given, keychain: Memory
) -> None:
    key_file(folder).mkdir()
    refused(folder, "file", given, keychain, "not a plain file")


def test_a_passphrase_that_was_asked_for_and_is_not_given_is_not_replaced(
    folder: Path, given: Given, keychain: Memory, tmp_path: Path
) -> None:
    refused(folder, "passphrase", replace(given, passphrase_file=None), keychain, "EVERGRANT_PASSPHRASE_FILE")
    refused(folder, "passphrase", replace(given, passphrase_file=tmp_path / "none"), keychain, "There is no file")


def test_a_given_key_that_was_asked_for_and_is_no_good_is_not_replaced(
    folder: Path, given: Given, keychain: Memory, tmp_path: Path
) -> None:
    refused(folder, "env", replace(given, key=None), keychain, "EVERGRANT_KEY_FILE")
    refused(folder, "env", replace(given, key=Secret("short")), keychain, "no 32-byte key")
    refused(folder, "env", replace(given, key_file=tmp_path / "none"), keychain, "There is no file")


def test_kms_that_was_asked_for_and_does_not_work_is_not_replaced(
    folder: Path, given: Given, keychain: Memory, kms: Kms, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(folder, "aws-kms", replace(given, kms_key=None), keychain, "EVERGRANT_AWS_KMS_KEY")
    for operation in ("Encrypt", "Decrypt"):
        kms.denied = {operation}
        refused(folder, "aws-kms", given, keychain, f"kms:{operation}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", NOWHERE)
    refused(folder, "aws-kms", given, keychain, NOWHERE)


def test_kms_without_boto3_says_how_to_install_it(
    folder: Path, given: Given, keychain: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "evergrant.vault.sources.aws_kms", raising=False)
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    refused(folder, "aws-kms", given, keychain, r"pip install 'evergrant\[aws\]'")


def test_transit_that_was_asked_for_and_does_not_work_is_not_replaced(
    folder: Path, given: Given, keychain: Memory, engine: TransitEngine
) -> None:
    assert given.transit
    refused(folder, "vault-transit", replace(given, transit=None), keychain, "VAULT_ADDR")
    for verb in ("encrypt", "decrypt"):
        engine.denied = {verb}
        refused(folder, "vault-transit", given, keychain, f"does not {verb}")
    away = replace(given, transit=replace(given.transit, address=NOWHERE))
    refused(folder, "vault-transit", away, keychain, NOWHERE)


@pytest.mark.parametrize("source", ALL)
def test_the_key_of_a_vault_that_exists_is_never_made_anew(folder: Path, given: Given, source: KeySource) -> None:
    keychain = Memory()
    with pytest.raises(KeyUnavailable, match=r"no key in its place.* Restore it from your backup"):
        obtain(folder, "vault_1", source, lambda: keychain, given, new=False)
    with pytest.raises(KeyUnavailable, match="Restore it from your backup"):
        obtain(folder, "vault_1", "auto", lambda: keychain, given, new=False)
    with pytest.raises(KeyUnavailable, match=r"no OS keychain here\. No key lies in the vault.s folder\. Restore it"):
        obtain(folder, "vault_1", "auto", no_keychain, given, new=False)
    assert (left_in(folder), keychain.kept) == ([], {})


@pytest.mark.parametrize("source", ["file", "env"])
def test_a_key_that_is_there_is_never_replaced(folder: Path, given: Given, source: KeySource) -> None:
    first = obtain(folder, "vault_1", source, no_keychain, given, new=True)
    assert obtain(folder, "vault_1", source, no_keychain, given, new=True).ring == first.ring


def test_a_vault_that_died_before_it_was_in_the_database_keeps_its_id(folder: Path, given: Given) -> None:
    assert made_for(folder) is None
    obtain(folder, "vault_1", "env", no_keychain, given, new=True)
    assert made_for(folder) == "vault_1"


def test_a_new_vault_takes_what_is_given_else_the_keychain_else_the_key_file(folder: Path, given: Given) -> None:
    def none() -> Memory:
        raise NoKeychain("only plaintext ones")

    keychain, key_only = Memory(), Given(key=KEY)
    for what, find, place in (
        (given, lambda: keychain, "EVERGRANT_PASSPHRASE_FILE"),
        (key_only, lambda: keychain, "EVERGRANT_KEY"),
        (Given(), lambda: keychain, "OS keychain"),
        (Given(), no_keychain, "key file"),
        (Given(), none, "key file"),
    ):
        key = obtain(folder, "vault_1", "auto", find, what, new=True)
        assert place in key.where
        for path in folder.iterdir():
            path.unlink()


def test_a_place_that_is_named_for_a_new_vault_and_broken_is_not_passed_over(
    folder: Path, tmp_path: Path, keychain: Memory
) -> None:
    refused(folder, "auto", Given(passphrase_file=tmp_path / "none", key=KEY), keychain, "There is no file")
    refused(folder, "auto", Given(key_file=tmp_path / "none", key=KEY), keychain, "There is no file")


def test_a_key_file_that_exists_wins_over_whatever_has_appeared(folder: Path, given: Given, keychain: Memory) -> None:
    made = from_file(folder, new=True)
    assert obtain(folder, "vault_1", "auto", lambda: keychain, given, new=False).ring == made.ring
    assert (left_in(folder), keychain.kept) == (["vault.key"], {})


def test_a_secret_that_is_given_and_not_used_is_warned_of(folder: Path, given: Given) -> None:
    made = obtain(folder, "vault_1", "file", no_keychain, given, new=True)
    assert [warning.split(" is given and not used")[0] for warning in made.warnings] == [
        "EVERGRANT_KEY",
        f"EVERGRANT_PASSPHRASE_FILE ({given.passphrase_file})",
    ]
    assert from_file(folder).warnings == ()


def test_a_key_in_the_environment_is_warned_of(folder: Path) -> None:
    made = obtain(folder, "vault_1", "env", no_keychain, Given(key=KEY), new=True)
    assert [warning for warning in made.warnings if "every program of yours can read it" in warning] == [*made.warnings]
    assert made.warnings


def test_a_source_that_is_not_the_vaults_says_which_is(folder: Path, given: Given, keychain: Memory) -> None:
    from_file(folder, new=True)
    others: tuple[KeySource, ...] = ("keychain", "env")
    for source in others:
        refused(folder, source, given, keychain, "EVERGRANT_KEY_SOURCE=file", new=False)
    key_file(folder).unlink()
    obtain(folder, "vault_1", "env", no_keychain, given, new=True)
    others = ("keychain", "file", "passphrase")
    for source in others:
        refused(folder, source, given, keychain, "EVERGRANT_KEY_SOURCE=env", new=False)


def test_two_keys_in_one_folder_are_for_a_person_to_decide(folder: Path, given: Given) -> None:
    obtain(folder, "vault_1", "env", no_keychain, given, new=True)
    FileStore(folder).write(new_ring())
    with pytest.raises(KeyUnavailable, match="to file or to env"):
        obtain(folder, "vault_1", "auto", no_keychain, given, new=False)
    obtain(folder, "vault_1", "env", no_keychain, given, new=False)


def test_each_vault_has_a_key_of_its_own_in_the_keychain(folder: Path, keychain: Memory) -> None:
    keys = {obtain(folder, f"vault_{n}", "auto", lambda: keychain, new=True).material for n in range(3)}
    assert len(keys) == 3


def test_a_key_does_not_show_in_its_repr(folder: Path) -> None:
    made = from_file(folder, new=True)
    assert repr(made.material) not in repr(made)
    assert repr(made.ring.bearer) not in repr(made)
