import base64
from pathlib import Path

import pytest

from evergrant.vault.ring import KeyUnavailable, new_ring
from evergrant.vault.sources.file import FileStore, key_file


def test_a_ring_lies_in_a_file_of_its_owner(tmp_path: Path) -> None:
    store, ring = FileStore(tmp_path), new_ring()
    assert store.read() is None
    store.write(ring)
    assert store.read() == ring
    assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert str(key_file(tmp_path)) in store.where


def test_a_bare_key_of_the_first_vaults_is_read(tmp_path: Path) -> None:
    key_file(tmp_path).touch(0o600)
    key_file(tmp_path).write_text(base64.b64encode(bytes(32)).decode() + "\n")
    ring = FileStore(tmp_path).read()
    assert ring is not None
    assert ring.keys == {1: bytes(32)}


@pytest.mark.parametrize("content", [b"", b"not base64!", bytes(32), b"\xff" * 32, b"{}"])
def test_what_is_no_ring_is_refused(tmp_path: Path, content: bytes) -> None:
    key_file(tmp_path).touch(0o600)
    key_file(tmp_path).write_bytes(content)
    with pytest.raises(KeyUnavailable, match="not a vault's key"):
        FileStore(tmp_path).read()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    FileStore(tmp_path).write(new_ring())
    key_file(tmp_path).chmod(0o640)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        FileStore(tmp_path).read()
