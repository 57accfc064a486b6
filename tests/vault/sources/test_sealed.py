import json
from pathlib import Path

import pytest
from typing_extensions import override

from evergrant.vault.ring import KeyUnavailable, new_ring
from evergrant.vault.sources.sealed import SealedStore, Sealing, sealed_file, sealed_ring
from evergrant.vault.sources.wrapping import KeyedWrapper

RING = new_ring()


class SealsOnly(KeyedWrapper):
    """As a service whose policy lets us encrypt and not decrypt."""

    @override
    def unwrap(self, wrapped: bytes) -> bytes:
        raise KeyUnavailable("not authorized to decrypt")


class Forgets(KeyedWrapper):
    @override
    def unwrap(self, wrapped: bytes) -> bytes:
        return b"something else"


def wrapper(kind: type[KeyedWrapper] = KeyedWrapper) -> KeyedWrapper:
    return kind(bytes(32), "vault_1", "EVERGRANT_KEY")


def store(
    folder: Path, vault_id: str = "vault_1", source: Sealing = "env", kind: type[KeyedWrapper] = KeyedWrapper
) -> SealedStore:
    return SealedStore(folder, vault_id, source, wrapper(kind), "EVERGRANT_KEY")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    store(tmp_path).write(RING)
    return sealed_file(tmp_path)


def test_a_ring_is_read_as_it_was_written(tmp_path: Path, kept: Path) -> None:
    assert store(tmp_path).read() == RING
    assert str(kept) in store(tmp_path).where
    assert "EVERGRANT_KEY" in store(tmp_path).where


def test_the_file_is_its_owners_and_says_in_clear_only_what_it_opens_with(kept: Path) -> None:
    assert kept.stat().st_mode & 0o777 == 0o600
    document = json.loads(kept.read_text())
    assert {name: document[name] for name in ("v", "source", "vault")} == {"v": 1, "source": "env", "vault": "vault_1"}
    assert set(document) == {"v", "source", "vault", "sealed"}


def test_a_folder_without_the_file_has_no_ring(tmp_path: Path) -> None:
    assert store(tmp_path).read() is None
    assert sealed_ring(tmp_path) is None


def test_another_vaults_file_is_refused_by_its_name(tmp_path: Path, kept: Path) -> None:
    with pytest.raises(KeyUnavailable, match=r"another vault \(vault_1\)"):
        store(tmp_path, vault_id="vault_2").read()


def test_a_file_of_another_source_says_which(tmp_path: Path, kept: Path) -> None:
    with pytest.raises(KeyUnavailable, match="EVERGRANT_KEY_SOURCE=env"):
        store(tmp_path, source="passphrase").read()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path, kept: Path) -> None:
    kept.chmod(0o644)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        store(tmp_path).read()


@pytest.mark.parametrize("content", ["", "{}", "[]", "\x00", '{"v": 2, "source": "env", "vault": "v", "sealed": ""}'])
def test_a_damaged_file_is_told(tmp_path: Path, kept: Path, content: str) -> None:
    kept.write_text(content)
    with pytest.raises(KeyUnavailable, match="is damaged"):
        store(tmp_path).read()


@pytest.mark.parametrize("kind", [SealsOnly, Forgets])
def test_what_does_not_open_again_does_not_take_the_place_of_what_does(
    tmp_path: Path, kept: Path, kind: type[KeyedWrapper]
) -> None:
    before = kept.read_bytes()
    with pytest.raises(KeyUnavailable):
        store(tmp_path, kind=kind).write(new_ring())
    assert kept.read_bytes() == before
    assert [*tmp_path.iterdir()] == [kept]
