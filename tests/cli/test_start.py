"""What a command does not pay for when it starts."""

import subprocess
import sys

import pytest
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
HEAVY = {"evergrant.app", "sqlalchemy", "cryptography", "httpx2", "jsonschema", "asyncio"}
"""What every command needs that opens a vault."""
RARE = {"mcp", "mcp_types", "apscheduler", "alembic", "uvicorn", "keyring", "jinja2", "evergrant.sandbox"}
"""What few commands need."""


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
    assert not found & (HEAVY | RARE)


def test_only_a_command_that_needs_it_imports_what_is_heavy() -> None:
    found = loaded("accounts", "list", "--help")
    assert {"evergrant.cli.accounts", "sqlalchemy"} < found
    assert not found & RARE


@pytest.mark.parametrize("verb", verbs(), ids=lambda verb: str(verb.name))
def test_the_list_of_commands_says_of_each_what_its_own_help_says(verb: Verb) -> None:
    command = verb.loaded()
    assert (command.name, command.help.partition("\n\n")[0]) == (verb.name, verb.help)
    if not isinstance(command, TyperGroup):
        assert command.epilog == verb.epilog
