import tempfile
from pathlib import Path

import pytest

from evergrant.paths import LONGEST_SOCKET_PATH, home_folder, socket_path
from evergrant.settings import Settings

DEEP = Path("/" + "deep/" * 30)


def test_a_vault_lies_in_the_persons_home_unless_told_otherwise() -> None:
    assert home_folder({}) == Path.home() / ".evergrant"
    assert home_folder({"EVERGRANT_HOME": ""}) == Path.home() / ".evergrant"
    assert home_folder({"EVERGRANT_HOME": "/srv/vault"}) == Path("/srv/vault")


def test_a_tilde_and_a_relative_folder_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert home_folder({"EVERGRANT_HOME": "~/vault"}) == Path.home() / "vault"
    assert home_folder({"EVERGRANT_HOME": "vault"}) == tmp_path / "vault"


@pytest.mark.parametrize("home", ["/srv/vault", "~/vault", "vault"])
def test_the_pump_and_the_server_mean_the_same_folder(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGRANT_HOME", home)
    assert home_folder({"EVERGRANT_HOME": home}) == Settings().home


def test_the_socket_lies_in_the_vaults_folder() -> None:
    assert socket_path(Path("/srv/vault")) == Path("/srv/vault/run/mcp.sock")


def test_a_folder_too_deep_for_a_socket_has_it_under_tmp_whatever_a_shell_says_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = socket_path(DEEP)
    assert path.name == "mcp.sock"
    assert path.parent.parent == Path("/tmp")  # noqa: S108
    assert len(str(path)) <= LONGEST_SOCKET_PATH


@pytest.mark.parametrize(("letter", "inside"), [("x", True), ("\u00fc", False)])
def test_a_paths_length_is_that_of_its_bytes(letter: str, inside: bool) -> None:
    room = LONGEST_SOCKET_PATH - len("/" + "/run/mcp.sock")
    home = Path("/" + letter * room)
    assert socket_path(home).is_relative_to(home) is inside
    assert not socket_path(Path(f"{home}x")).is_relative_to(home)


def test_the_same_folder_gives_the_same_socket_and_another_one_another() -> None:
    for home in (Path("/srv/vault"), DEEP):
        assert socket_path(home) == socket_path(Path(str(home)))
        assert socket_path(home) != socket_path(home.with_name("other"))
