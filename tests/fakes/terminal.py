"""A terminal for a command and the person before it."""

import os
import pty
import select

from tests.fakes.command import COMMAND, Command
from tests.fakes.forked_process import ForkedProcess


class Terminal:
    """Both ends of a terminal: the command sits at one, the person at the other."""

    def __init__(self) -> None:
        self._person, self._command = pty.openpty()
        self.shown = ""
        self._read = 0
        self._started: list[ForkedProcess] = []

    def run(self, command: Command, *arguments: str) -> ForkedProcess:
        """Start the command with all its streams on the terminal."""
        end = self._command
        process = ForkedProcess([str(COMMAND), *arguments], command.env, (end, end, end))
        self._started.append(process)
        return process

    def answer(self, prompt: str, typed: str) -> None:
        """Wait for the prompt, then type a line."""
        self.read_until(prompt)
        self.type(typed)

    def read_until(self, text: str) -> None:
        """Wait until the text is shown, after what was waited for before."""
        while (found := self.shown.find(text, self._read)) < 0:
            readable, _, _ = select.select([self._person], [], [], 60)
            assert readable, self.shown
            self.shown += os.read(self._person, 4096).decode()
        self._read = found + len(text)

    def line(self) -> str:
        """The rest of the line after what was waited for, without the spaces around it."""
        start = self._read
        self.read_until("\n")
        return self.shown[start : self._read].strip()

    def type(self, text: str) -> None:
        """Type a line, whatever is shown."""
        os.write(self._person, f"{text}\n".encode())

    def close(self) -> None:
        """Nothing that was started outlives the terminal."""
        for process in self._started:
            process.kill()
            process.wait()
        os.close(self._person)
        os.close(self._command)
