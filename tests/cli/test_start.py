"""What a command does not pay for when it starts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port
from typer.core import TyperGroup
from typer.main import get_command

from evergrant.cli.main import build
from evergrant.cli.verbs import Verb

LOADED = """
import sys
from typer.testing import CliRunner
from evergrant.cli.main import build
done = CliRunner().invoke(build(), sys.argv[1:])
assert done.exit_code == 0, done.output
print(*sorted(sys.modules))
"""
SERVED = """
import gc, sys
from evergrant.launch import main
sys.argv[1:] = ["mcp", "--in-process"]
try:
    main()
finally:
    print("settled" if gc.get_freeze_count() else "", *sorted(sys.modules), file=sys.stderr)
"""
HEAVY = {"evergrant.app", "sqlalchemy", "cryptography", "httpx2", "asyncio"}
"""What every command needs that opens a vault."""
SERVERS = {"mcp", "mcp_types", "apscheduler", "uvicorn"}
"""What every command needs that serves."""
RARE = {"alembic", "jsonschema", "keyring", "jinja2", "jwt", "prometheus_client", "evergrant.sandbox"}
"""What few commands need, or not before its first use."""
OF_HTTP = {"evergrant.surface", "evergrant.entry.api", "evergrant.entry.door", "evergrant.entry.page"}
"""What only a server needs that is met over HTTP."""
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": dict[str, str](),
}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": MODERN}}


def loaded(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def verbs() -> list[Verb]:
    top = get_command(build())
    assert isinstance(top, TyperGroup)
    return [verb for verb in top.commands.values() if isinstance(verb, Verb)]


@pytest.mark.parametrize("asked", ["--version", "--help"])
def test_what_opens_no_vault_imports_nothing_heavy(asked: str) -> None:
    found = loaded(asked)
    assert "evergrant.cli.main" in found
    assert not found & (HEAVY | SERVERS | RARE)


def test_only_a_command_that_needs_it_imports_what_is_heavy() -> None:
    found = loaded("accounts", "list", "--help")
    assert {"evergrant.cli.accounts", "sqlalchemy"} < found
    assert not found & (SERVERS | RARE)


def test_one_process_for_one_client_lists_its_tools_without_what_http_and_calls_need(tmp_path: Path) -> None:
    command = Command(tmp_path / "home", free_port())
    assert command.run("status").returncode == 0
    pipe, served = subprocess.PIPE, [sys.executable, "-c", SERVED]
    with subprocess.Popen(served, env=command.env, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(LIST) + "\n")
        process.stdin.flush()
        assert "search_tools" in process.stdout.readline()
        _, told = process.communicate()
    found = set(told.splitlines()[-1].split())
    assert found > {"settled", *SERVERS}
    assert not found & (RARE | OF_HTTP)


@pytest.mark.parametrize("verb", verbs(), ids=lambda verb: str(verb.name))
def test_the_list_of_commands_says_of_each_what_its_own_help_says(verb: Verb) -> None:
    command = verb.loaded()
    assert (command.name, command.help.partition("\n\n")[0]) == (verb.name, verb.help)
    if not isinstance(command, TyperGroup):
        assert command.epilog == verb.epilog
