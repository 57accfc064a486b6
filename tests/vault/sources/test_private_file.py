import os
from pathlib import Path

import pytest

from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.private_file import read_mounted, read_own, write_own

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to somebody else")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key"


@pytest.fixture
def written(path: Path) -> Path:
    write_own(path, b"content")
    return path


def test_a_file_is_its_owners_and_read_as_it_was_written(written: Path) -> None:
    assert written.stat().st_mode & 0o777 == 0o600
    assert read_own(written) == b"content"


def test_a_file_is_exchanged_whole_and_nothing_is_left_beside_it(written: Path) -> None:
    before = written.stat().st_ino
    write_own(written, b"other")
    assert read_own(written) == b"other"
    assert written.stat().st_ino != before, "it was not written into"
    assert [*written.parent.iterdir()] == [written]


def test_what_a_process_left_that_died_in_a_write_is_not_in_the_way(written: Path) -> None:
    written.with_name(f".{written.name}.new").write_bytes(b"half")
    write_own(written, b"other")
    assert [*written.parent.iterdir()] == [written]


def test_a_link_in_the_place_of_the_new_file_is_not_followed(written: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"untouched")
    written.with_name(f".{written.name}.new").symlink_to(elsewhere)
    write_own(written, b"other")
    assert elsewhere.read_bytes() == b"untouched"


def test_a_file_that_cannot_be_put_in_its_place_leaves_nothing(path: Path) -> None:
    (path / "full").mkdir(parents=True)
    with pytest.raises(KeyUnavailable, match="cannot be written"):
        write_own(path, b"content")
    assert [*path.parent.iterdir()] == [path]


def test_a_file_that_is_not_there_is_none(path: Path) -> None:
    assert read_own(path) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_an_own_file_that_others_can_touch_is_refused(written: Path, mode: int) -> None:
    written.chmod(mode)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        read_own(written)


@needs_root
def test_another_users_file_is_refused(written: Path) -> None:
    os.chown(written, 12345, 12345)
    with pytest.raises(KeyUnavailable, match="another user"):
        read_own(written)
    with pytest.raises(KeyUnavailable, match="another user"):
        read_mounted(written)


def test_a_link_to_an_own_file_is_refused(written: Path) -> None:
    link = written.with_name("link")
    link.symlink_to(written)
    with pytest.raises(KeyUnavailable, match="not a plain file"):
        read_own(link)


def test_a_link_to_nothing_is_refused_and_not_taken_for_a_missing_file(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))
    with pytest.raises(KeyUnavailable, match="not a plain file"):
        read_own(path)


@pytest.mark.parametrize("read", [read_own, read_mounted])
def test_what_is_no_plain_file_is_refused_at_once(path: Path, read: object) -> None:
    assert callable(read)
    path.mkdir()
    with pytest.raises(KeyUnavailable, match="not a plain file"):
        read(path)
    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyUnavailable, match="not a plain file"):
        read(path)


@pytest.mark.parametrize(("mode", "open_to_all"), [(0o600, False), (0o400, False), (0o440, False), (0o444, True)])
def test_a_mounted_file_is_read_also_where_its_group_may_and_whoever_may_is_told(
    written: Path, mode: int, open_to_all: bool
) -> None:
    written.chmod(mode)
    assert read_mounted(written) == (b"content", open_to_all)


def test_a_mounted_file_may_lie_behind_a_link(written: Path) -> None:
    link = written.with_name("link")
    link.symlink_to(written)
    assert read_mounted(link) == (b"content", False)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_mounted_file_that_others_could_have_written_is_refused(written: Path, mode: int) -> None:
    written.chmod(mode)
    with pytest.raises(KeyUnavailable, match="chmod go-w"):
        read_mounted(written)


def test_a_mounted_file_that_is_missing_is_told(path: Path) -> None:
    with pytest.raises(KeyUnavailable, match=f"There is no file {path}"):
        read_mounted(path)
