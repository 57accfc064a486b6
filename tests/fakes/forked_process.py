"""A forked command that is left running: what tests need of subprocess.Popen, for a process of the fork server."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from tests.fakes.forks import forks

from evergrant import launch


class ForkedProcess:
    """The command with its three streams on the descriptors given, of which it has copies."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], streams: Sequence[int]) -> None:
        self._argv = list(argv)
        ends = [Connection(os.dup(stream)) for stream in streams]  # what carries a descriptor through the fork server
        arguments = (self._argv, dict(env), ends, Path.cwd())
        # A daemon is ended with the process of the tests.
        self._process = forks().Process(target=_command, args=arguments, daemon=True)
        self._process.start()
        for end in ends:
            end.close()

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it is over; raises TimeoutExpired."""
        self._process.join(timeout)
        code = self.returncode
        if code is None:
            raise subprocess.TimeoutExpired(self._argv, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing where it is over."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class PipedProcess(ForkedProcess):
    """The command with all three streams as pipes, of text."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        (read, stdin), (stdout, out), (stderr, err) = os.pipe(), os.pipe(), os.pipe()
        super().__init__(argv, env, (read, out, err))
        for end in (read, out, err):
            os.close(end)
        self.stdin: IO[str] = os.fdopen(stdin, "w")
        self.stdout: IO[str] = os.fdopen(stdout)
        self.stderr: IO[str] = os.fdopen(stderr)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """End its standard input; what is still to be read of the others, once it is over; raises TimeoutExpired."""
        with suppress(BrokenPipeError):  # it read no more
            self.stdin.close()
        with ThreadPoolExecutor(2) as readers:
            read = [readers.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self.stdout.close()
        self.stderr.close()
        return read[0].result(), read[1].result()


def _command(argv: list[str], env: dict[str, str], streams: list[Connection], folder: Path) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    os.setsid()  # Ctrl-C at a terminal of the tests is not for it
    begin(argv, env, folder)


def begin(argv: list[str], env: dict[str, str], folder: Path) -> None:
    """Be the command, in a process that was forked for it and has its streams in place."""
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(folder)
    os.environ.clear()  # noqa: TID251  (the command's own)
    os.environ.update(env)  # noqa: TID251
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = argv
    launch.main()  # what it raises, SystemExit too, multiprocessing makes an exit code of
