import os
import stat
from pathlib import Path

import pytest
from tests.doctor.samples import info, levels, only

from evergrant.doctor.files import locks, modes, places

HOME = Path("/vault home")
MODES = {
    HOME: 0o700,
    HOME / "vault.db": 0o600,
    HOME / "vault.key": 0o600,
    HOME / "run": 0o700,
    HOME / "serve.log": 0o600,
}
FOLDERS = (HOME, HOME / "run")


def found(path: Path = HOME, mode: int | None = None, uid: int = 1000) -> list[tuple[str, str | None]]:
    def lstat(each: Path) -> os.stat_result:
        kind = stat.S_IFDIR if each in FOLDERS else stat.S_IFREG
        changed = each == path and mode is not None
        return info(mode if changed and mode is not None else MODES[each], uid if each == path else 1000, kind)

    return [(each.level, each.what_to_do) for each in modes(HOME, list(MODES), lstat, 1000)]


def test_a_folder_that_is_its_owners_alone_is_in_order() -> None:
    assert found() == [("ok", None)]


@pytest.mark.parametrize(
    ("path", "mode", "level", "command"),
    [
        (HOME, 0o755, "problem", "chmod 700 '/vault home'"),
        (HOME / "vault.key", 0o644, "problem", "chmod 600 '/vault home/vault.key'"),
        (HOME / "vault.db", 0o660, "problem", "chmod 600 '/vault home/vault.db'"),
        (HOME, 0o000, "problem", "chmod 700 '/vault home'"),
        (HOME / "vault.db", 0o400, "problem", "chmod 600 '/vault home/vault.db'"),
        (HOME / "run", 0o750, "warning", "chmod 700 '/vault home/run'"),
        (HOME / "serve.log", 0o604, "warning", "chmod 600 '/vault home/serve.log'"),
    ],
)
def test_each_path_that_others_can_touch_or_its_owner_cannot_has_its_command(
    path: Path, mode: int, level: str, command: str
) -> None:
    assert found(path, mode) == [(level, command)]


def test_what_belongs_to_another_user_has_its_command() -> None:
    assert found(HOME / "vault.db", uid=0) == [("problem", "sudo chown 1000 '/vault home/vault.db'")]


def test_a_links_own_mode_says_nothing(tmp_path: Path) -> None:
    link = tmp_path / "vault.key"
    assert levels(modes(tmp_path, [tmp_path, link], lambda _: info(0o777, kind=stat.S_IFLNK), 1000)) == ["ok"]


def test_thousands_of_lock_files_are_one_finding(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"account-{number}.lock").touch()

    assert list(locks(tmp_path, lambda _: info(0o600), 1000)) == []
    assert list(locks(tmp_path / "none", lambda _: info(0o600), 1000)) == []
    bad = only(locks(tmp_path, lambda _: info(0o644), 1000))
    assert bad.what.startswith("50 lock files")
    assert f"chmod -R u=rwX,go= {tmp_path}" in (bad.what_to_do or "")


def test_what_is_looked_at_is_ours_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("vault.db", "vault.db-wal", "vault.key", "notes.txt", "run/clock"):
        (tmp_path / name).touch()

    names = [str(path.relative_to(tmp_path)) for path in places(tmp_path)]

    assert names == [".", "vault.db", "vault.db-wal", "vault.key", "run", "run/clock"]
