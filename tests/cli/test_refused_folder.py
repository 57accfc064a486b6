"""A command on a vault in a synced folder says why not and what to do, and leaves nothing there."""

import json
from pathlib import Path

from tests.fakes.command import Command, free_port

from evergrant.cli.output import Exit


def test_a_vault_in_a_synced_folder_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / ".stfolder").mkdir()
    command = Command(tmp_path / "home", free_port())

    ran = command.run("accounts", "list", "--json")

    assert ran.returncode == Exit.FAILED
    error = json.loads(ran.stdout)["error"]
    assert error["code"] == "folder_refused"
    assert "Syncthing" in error["message"]
    assert "EVERGRANT_HOME" in error["message"]
    assert not command.home.exists()
