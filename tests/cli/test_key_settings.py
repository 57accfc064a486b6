"""Settings of the key, through the installed command."""

import base64
import json
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port

from evergrant.settings import Settings

KEY = base64.b64encode(bytes(range(32))).decode()
SETTINGS = {"EVERGRANT_KEY": KEY, "EVERGRANT_KEY_SOURCE": "env"}


def command(tmp_path: Path, **settings: str) -> Command:
    return Command(tmp_path / "home", free_port(), {"EVERGRANT_KEY_SOURCE": "auto", **settings})


def test_a_key_in_the_environment_works_with_a_warning_and_is_never_printed_and_is_missed_once_gone(
    tmp_path: Path,
) -> None:
    done = command(tmp_path, EVERGRANT_KEY=KEY).run("status")
    assert done.returncode == 0
    assert "sealed with EVERGRANT_KEY" in done.stdout
    assert "Warning: The vault's key is in the environment" in done.stderr
    assert KEY not in done.stdout + done.stderr
    gone = command(tmp_path).run("status", "--json")
    assert gone.returncode == 1
    assert json.loads(gone.stdout)["error"]["code"] == "key_unavailable"
    assert "EVERGRANT_KEY_FILE" in json.loads(gone.stdout)["error"]["message"]


def test_a_clients_configuration_gets_the_settings_but_not_the_key(tmp_path: Path) -> None:
    token = "evg_the_token_of_an_agent"
    done = command(tmp_path, EVERGRANT_KEY=KEY, EVERGRANT_KEY_FILE="key", EVERGRANT_TOKEN=token).run(
        "install", "claude-desktop", "--print", "--json"
    )
    assert done.returncode == 0, done.stdout
    environment = json.loads(done.stdout)["env"]
    assert KEY not in done.stdout
    assert token not in done.stdout
    assert environment["EVERGRANT_KEY_SOURCE"] == "auto"
    assert environment["EVERGRANT_KEY_FILE"] == str(Path("key").absolute())


def test_every_place_that_a_key_comes_from_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        **SETTINGS,
        "EVERGRANT_KEY_FILE": "~/key",
        "EVERGRANT_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "EVERGRANT_AWS_KMS_KEY": "alias/evergrant",
        "EVERGRANT_VAULT_TRANSIT_KEY": "mine",
        "VAULT_ADDR": "https://vault.example",
        "VAULT_NAMESPACE": "admin",
        "VAULT_TOKEN": "hvs.token",
        "VAULT_TOKEN_FILE": str(tmp_path / "token"),
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    given = settings.given()
    assert given.key
    assert given.transit
    assert given.transit.token
    assert (given.key.reveal(), given.key_file) == (KEY, Path("~/key").expanduser())
    assert (given.passphrase_file, given.credentials) == (tmp_path / "passphrase", tmp_path)
    assert given.kms_key == "alias/evergrant"
    assert (given.transit.address, given.transit.namespace) == ("https://vault.example", "admin")
    assert (given.transit.key, given.transit.token.reveal()) == ("mine", "hvs.token")
    assert given.transit.token_file == tmp_path / "token"
    assert KEY not in repr(settings)
    assert "hvs.token" not in repr(settings)


def test_a_setting_that_is_empty_is_one_that_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EVERGRANT_KEY", "EVERGRANT_KEY_FILE", "EVERGRANT_PASSPHRASE_FILE", "VAULT_ADDR", "VAULT_TOKEN"):
        monkeypatch.setenv(name, "")
    given = Settings().given()
    assert (given.key, given.key_file, given.passphrase_file, given.transit) == (None, None, None, None)
