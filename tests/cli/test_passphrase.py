"""A passphrase that a person types at the installed command, on a terminal of its own."""

import os
import pty
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.command import COMMAND, Command, free_port

TYPED = "correct horse battery"


class Terminal:
    """Both ends of a terminal: the command sits at one, the person at the other."""

    def __init__(self) -> None:
        self._person, self._command = pty.openpty()
        self.shown = ""

    def run(self, command: Command, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command with all its streams on the terminal."""
        end = self._command
        return subprocess.Popen(
            [COMMAND, *arguments], env=command.env, stdin=end, stdout=end, stderr=end, start_new_session=True
        )

    def answer(self, prompt: str, typed: str) -> None:
        """Wait for the prompt, then type a line."""
        self.read_until(prompt)
        os.write(self._person, f"{typed}\n".encode())

    def read_until(self, text: str) -> None:
        """Wait until the text is shown."""
        already = len(self.shown)
        while text not in self.shown[already:]:
            readable, _, _ = select.select([self._person], [], [], 60)
            assert readable, self.shown
            self.shown += os.read(self._person, 4096).decode()

    def close(self) -> None:
        os.close(self._person)
        os.close(self._command)


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
