import sys
from pathlib import Path

import pytest
from tests.doctor.samples import unknown_commands

from evergrant.doctor.clients import ClientFile, client
from evergrant.model.json import JsonObject

HOME, USUAL = Path("/srv/vault"), Path("/home/ann/.evergrant")
OURS = sys.executable


@pytest.mark.parametrize(
    ("entry", "home", "level"),
    [
        (None, HOME, "note"),
        ({"type": "http", "url": "http://localhost:8484/mcp"}, HOME, "note"),
        ({"command": OURS, "args": ["mcp"], "env": {"EVERGRANT_HOME": str(HOME)}}, HOME, "ok"),
        ({"command": OURS, "args": ["mcp"], "env": {}}, USUAL, "ok"),
        ({"command": OURS, "args": ["mcp"]}, HOME, "warning"),
        ({"command": "/bin/sh", "env": {"EVERGRANT_HOME": str(HOME)}}, HOME, "warning"),
        ({"command": "/gone/evergrant", "env": {"EVERGRANT_HOME": str(HOME)}}, HOME, "problem"),
        ({}, HOME, "problem"),
    ],
)
def test_a_clients_entry_starts_this_command_for_this_vault(entry: JsonObject | None, home: Path, level: str) -> None:
    found = client(ClientFile("claude-code", "Claude Code", Path("/x.json"), entry), OURS, home, USUAL)

    assert found.level == level
    assert level in ("ok", "note") or "evergrant install claude-code" in (found.what_to_do or "")
    assert unknown_commands(found.what_to_do or "") == []


def test_a_file_that_cannot_be_understood_is_named_with_the_place() -> None:
    file = ClientFile("claude-desktop", "Claude Desktop", Path("/x.json"), fault="/x.json, line 2, column 3: no comma")
    found = client(file, OURS, HOME, USUAL)
    assert found.level == "problem"
    assert "line 2, column 3" in found.what
