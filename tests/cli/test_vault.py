"""`evergrant vault`: each verb, what it says, and what it refuses."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import select
from tests.fakes.command import Command, free_port
from tests.vault.samples import account, grant
from typer.testing import CliRunner, Result

from evergrant.cli.main import build
from evergrant.model.clock import SystemClock
from evergrant.model.json import JsonObject
from evergrant.settings import LOCAL_TENANT
from evergrant.store.tables import DataKeyRow
from evergrant.vault.grants import Grants
from evergrant.vault.rotation import one_at_a_time, rotation
from evergrant.vault.vault import Vault, open_vault

PASSPHRASE = "correct horse battery"


class Here:
    """One vault, and the command line in this process."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(build(), ["vault", *arguments], input=given)

    def told(self, *arguments: str, given: str = "", code: int = 0) -> JsonObject:
        done = self.run(*arguments, "--json", given=given)
        assert done.exit_code == code, done.output
        return cast("JsonObject", json.loads(done.stdout))

    def failure(self, *arguments: str, code: int = 1) -> tuple[str, str]:
        error = cast("dict[str, str]", self.told(*arguments, code=code)["error"])
        return error["code"], error["message"]

    def opened(self) -> Vault:
        return open_vault(self.home, "file", lambda: None, SystemClock())

    def connect(self) -> None:
        """One account, whose alias is acme-1."""
        vault = self.opened()
        asyncio.run(Grants(vault.database, vault.data_keys).connect(account(1, tenant_id=LOCAL_TENANT), grant()))
        vault.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.setenv("EVERGRANT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERGRANT_KEY_SOURCE", "file")
    monkeypatch.setenv("COLUMNS", "200")
    return Here(tmp_path / "home")


def test_the_status_says_where_everything_lies_and_under_which_key(here: Here) -> None:
    here.connect()
    told = here.told("status")
    assert (told["file"], told["key_versions"], told["data_keys"]) == (str(here.home / "vault.db"), [1], {"1": 1})
    assert (told["restored"], told["spool_waiting"], told["rotation_unfinished"]) == (False, 0, False)
    shown = here.run("status").stdout
    for word in ("vault.key", "1 under version 1", "journal", "epoch      0 here, 0 beside the key"):
        assert word in shown


def test_verify_ends_well_or_names_what_is_broken_and_ends_with_one(here: Here) -> None:
    here.connect()
    assert here.told("verify")["ok"] is True
    assert "Everything opens" in here.run("verify").stdout

    vault = here.opened()
    vault.database.write_now(lambda session: session.delete(session.exec(select(DataKeyRow)).one()))
    vault.close()

    told = here.told("verify", code=1)
    assert told["tables"] == {"stored_grant": {"ok": 0, "broken": 2}, "spool": {"ok": 0, "broken": 0}}
    shown = here.run("verify")
    assert shown.exit_code == 1
    assert f"broken: stored_grant {LOCAL_TENANT}/conn_1/default access_token" in shown.stdout


def test_a_rotation_says_that_former_copies_do_not_fit(here: Here) -> None:
    here.connect()
    assert here.told("rotate-key") == {"version": 2, "data_keys": 1}
    shown = here.run("rotate-key").stdout
    assert "now version 3" in shown
    assert "evergrant vault backup FILE" in shown
    told = here.told("status")
    assert (told["key_versions"], told["data_keys"], told["epoch"]) == ([3], {"3": 1}, 2)


def test_one_rotation_at_a_time_and_no_backup_in_the_middle_of_one(here: Here, tmp_path: Path) -> None:
    here.connect()
    vault = here.opened()
    with one_at_a_time(vault):
        assert here.failure("rotate-key")[0] == "rotation_under_way"
    asyncio.run(_begin_and_leave(vault))
    vault.close()
    assert here.told("status")["rotation_unfinished"] is True
    code, message = here.failure("backup", str(tmp_path / "backup.db"))
    assert (code, "evergrant vault rotate-key" in message) == ("cannot_copy", True)
    assert here.told("rotate-key")["version"] == 2
    here.told("backup", str(tmp_path / "backup.db"))


async def _begin_and_leave(vault: Vault) -> None:
    def stop(point: str) -> None:
        if point == "key_used":
            raise KeyError(point)

    with pytest.raises(KeyError):
        async for _ in rotation(vault, stop).run():
            pass


def test_a_backup_is_restored_noticed_told_and_accepted(here: Here, tmp_path: Path) -> None:
    here.connect()
    file = str(tmp_path / "backup.db")
    assert here.told("backup", file)["epoch"] == 1
    assert "The key is not in it" in here.run("backup", f"{file}.2").stdout
    assert here.failure("backup", file)[0] == "cannot_copy"

    done = here.run("restore", file)
    assert done.exit_code == 0, done.output
    assert "with 1 accounts" in done.stdout
    assert "evergrant vault accept-restore" in done.stdout
    assert here.told("status")["restored"] is True
    assert "Warning: This vault was restored from a backup" in here.run("status").stderr

    asked = here.run("accept-restore")
    assert (asked.exit_code, "accept-restore --yes" in asked.stderr) == (2, True)
    assert here.told("accept-restore", "--yes") == {"accepted": True}
    assert here.told("accept-restore") == {"accepted": False}
    assert here.told("status")["restored"] is False


def test_a_backup_of_before_a_rotation_says_that_its_key_is_of_another_time(here: Here, tmp_path: Path) -> None:
    file = str(tmp_path / "backup.db")
    here.told("backup", file)
    here.told("rotate-key")
    code, message = here.failure("restore", file)
    assert code == "key_unavailable"
    assert "version 1" in message
    assert "version 2" in message


def test_a_file_that_is_no_backup_is_refused(here: Here, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing " * 100, encoding="utf-8")
    assert here.failure("restore", str(tmp_path / "notes.txt"))[0] == "cannot_restore"
    assert here.failure("restore", str(tmp_path / "none"))[0] == "cannot_restore"


@pytest.mark.parametrize("way", ["--passphrase-stdin", "--passphrase-file"])
def test_an_exported_key_opens_the_vault_where_its_key_was_lost(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The steps are those that the command tells, and docs/explanation/vault.md."""
    here.connect()
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    (tmp_path / "passphrase").chmod(0o600)
    export = tmp_path / "keyring.sealed"
    options = [way, str(tmp_path / "passphrase")] if way == "--passphrase-file" else [way]
    done = here.run("export-key", str(export), *options, given=f"{PASSPHRASE}\n")
    assert done.exit_code == 0, done.output
    assert "keyring.sealed" in done.stdout
    assert PASSPHRASE not in done.output
    assert export.stat().st_mode & 0o777 == 0o600

    (here.home / "vault.key").unlink()
    assert here.failure("status")[0] == "key_unavailable"
    export.rename(here.home / "keyring.sealed")
    monkeypatch.setenv("EVERGRANT_KEY_SOURCE", "auto")
    monkeypatch.setenv("EVERGRANT_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    assert here.told("verify")["ok"] is True
    told = here.told("status")
    assert (told["restored"], "keyring.sealed" in str(told["key"])) == (False, True)


def test_an_export_overwrites_nothing_and_wants_a_passphrase_worth_the_name(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "export"
    too_short = here.told("export-key", str(file), "--passphrase-stdin", given="short\n", code=1)
    assert "8 characters" in str(too_short["error"])
    assert here.failure("export-key", str(file))[0] == "key_unavailable"
    assert not file.exists()
    file.write_text("mine", encoding="utf-8")
    there = here.told("export-key", str(file), "--passphrase-stdin", given=f"{PASSPHRASE}\n", code=1)
    assert "exists already" in str(there["error"])
    assert file.read_text(encoding="utf-8") == "mine"


def test_shredding_measures_what_is_left_and_says_what_it_does_not_reach(here: Here) -> None:
    here.connect()
    told = here.told("shred", "acme-1")
    assert (told["residue"], told["log_emptied"], told["revoked_at_provider"]) == (0, True, False)
    assert told["values_shredded"] == 3
    here.connect()
    shown = here.run("shred", "acme-1").stdout
    for word in ("backups", "SSD", "evergrant revoke"):
        assert word in shown
    assert here.failure("shred", "acme-1", code=3)[0] == "not_found"


def test_every_verb_has_an_example(here: Here) -> None:
    for verb in ("status", "verify", "rotate-key", "accept-restore", "shred", "backup", "restore", "export-key"):
        done = here.run(verb, "--help")
        assert f"Example: evergrant vault {verb}" in done.stdout


def test_a_running_server_begins_an_epoch_lets_the_key_be_rotated_and_its_database_not_be_restored(
    here: Here, tmp_path: Path
) -> None:
    server = Command(here.home, free_port()).start("serve", "--json")
    try:
        assert server.stdout.readline() == "{\n"
        assert here.told("rotate-key") == {"version": 2, "data_keys": 0}
        _until(lambda: here.told("status")["epoch"] == 2)  # one at the server's start, one for the rotation
        assert here.told("backup", str(tmp_path / "backup.db"))["epoch"] == 3
        assert here.failure("restore", str(tmp_path / "backup.db"))[0] == "already_running"
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def _until(holds: Callable[[], bool]) -> None:
    """The server's own epoch begins a moment after it serves."""
    assert any(holds() for _ in range(100))
