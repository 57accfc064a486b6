"""A passphrase that a person types at the installed command, on a terminal of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port
from tests.fakes.terminal import Terminal

from evergrant.model.clock import SystemClock
from evergrant.vault.epoch import mark_restored
from evergrant.vault.vault import open_vault

TYPED = "correct horse battery"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port(), {"EVERGRANT_KEY_SOURCE": "passphrase"})


def test_a_new_passphrase_is_typed_twice_and_later_once_and_never_shown(command: Command, terminal: Terminal) -> None:
    made = terminal.run(command, "status")
    terminal.answer("New passphrase of the vault: ", TYPED)
    terminal.answer("The same again: ", TYPED)
    terminal.read_until("accounts")
    assert made.wait(60) == 0
    found = terminal.run(command, "status")
    terminal.answer("Passphrase of the vault: ", TYPED)
    terminal.read_until("accounts")
    assert found.wait(60) == 0
    assert "sealed with the passphrase that was typed" in terminal.shown
    assert TYPED not in terminal.shown


def test_two_that_differ_make_no_vault(command: Command, terminal: Terminal) -> None:
    process = terminal.run(command, "status")
    terminal.answer("New passphrase of the vault: ", TYPED)
    terminal.answer("The same again: ", TYPED.upper())
    terminal.read_until("The two passphrases differ")
    assert process.wait(60) == 1
    assert not (command.home / "keyring.sealed").exists()


def test_where_nobody_sits_there_it_says_how_else_a_passphrase_is_given(command: Command) -> None:
    done = command.run("status", given=f"{TYPED}\n")
    assert done.returncode == 1
    assert "EVERGRANT_PASSPHRASE_FILE" in done.stderr
    assert not (command.home / "keyring.sealed").exists()


def test_an_export_is_under_a_passphrase_that_is_typed_twice(
    tmp_path: Path, command: Command, terminal: Terminal
) -> None:
    by_file = Command(command.home, command.port, {"EVERGRANT_KEY_SOURCE": "file"})
    process = terminal.run(by_file, "vault", "export-key", str(tmp_path / "export"))
    terminal.answer("New passphrase for the export: ", TYPED)
    terminal.answer("The same again: ", TYPED)
    terminal.read_until("To restore the key")
    assert process.wait(60) == 0
    assert TYPED not in terminal.shown


def test_a_restore_is_accepted_by_a_person_who_was_told_what_it_means(command: Command, terminal: Terminal) -> None:
    by_file = Command(command.home, command.port, {"EVERGRANT_KEY_SOURCE": "file"})
    vault = open_vault(command.home, "file", lambda: None, SystemClock())
    vault.database.write_now(mark_restored)
    vault.close()
    process = terminal.run(by_file, "vault", "accept-restore")
    terminal.read_until("Refresh tokens that rotate may have been spent")
    terminal.answer("Go on with this copy?", "y")
    terminal.read_until("Accepted.")
    assert process.wait(60) == 0
