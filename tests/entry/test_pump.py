"""The pump carries bytes, ends with its client, and says what to do when there is no server."""

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from evergrant.paths import socket_path
from evergrant.pump import pump, start_server

PUMP = [
    sys.executable,
    "-c",
    "import pathlib, sys; from evergrant.pump import pump; sys.exit(pump(pathlib.Path(sys.argv[1])))",
]
LATE_SERVER = '''
import pathlib, socket, subprocess, sys
from evergrant.paths import socket_path
from evergrant.pump import pump
SERVE = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
connection = listener.accept()[0]
stdout = socket.recv_fds(connection, 1, 2)[1][1]
os.write(stdout, b"late")
"""
start = lambda home: subprocess.Popen([sys.executable, "-c", SERVE, str(socket_path(home))], stdin=subprocess.DEVNULL)
sys.exit(pump(pathlib.Path(sys.argv[1]), start))
'''


@dataclass(frozen=True, slots=True)
class Joined:
    """What a server has of one client."""

    connection: socket.socket
    stdin: BinaryIO
    stdout: BinaryIO


@contextmanager
def serving(home: Path, behave: Callable[[socket.socket], None]) -> Generator[None]:
    """A server at the vault's socket that does this to its one client."""
    path = socket_path(home)
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def run() -> None:
            with listener.accept()[0] as client:
                behave(client)

        thread = threading.Thread(target=run)
        thread.start()
        yield
        thread.join()


def joined(behave: Callable[[Joined], None]) -> Callable[[socket.socket], None]:
    """Takes the client's pipes before it behaves."""

    def take(connection: socket.socket) -> None:
        first, (stdin, stdout), _, _ = socket.recv_fds(connection, 1 << 16, 2)
        assert first == b"\n"
        with open(stdin, "rb", 0) as reading, open(stdout, "wb", 0) as writing:  # noqa: PTH123 (they have no path)
            behave(Joined(connection, reading, writing))

    return take


@contextmanager
def pumping(home: Path) -> Generator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([*PUMP, str(home)], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        yield process


def test_the_server_gets_the_clients_pipes_and_says_when_the_client_has_closed_them(tmp_path: Path) -> None:
    sent = b"x" * 3_000_000 + b"\n"

    def echo(client: Joined) -> None:
        client.stdout.write(client.stdin.read() + b"bye")
        client.connection.send(b"\n")

    with serving(tmp_path, joined(echo)):
        done = subprocess.run([*PUMP, str(tmp_path)], input=sent, capture_output=True, check=True)

    assert done.stdout == sent + b"bye"
    assert done.stderr == b""


@pytest.mark.parametrize("place", ["stdin", "stdout"])
def test_what_is_a_file_is_carried(tmp_path: Path, place: str) -> None:
    sent = b"x" * 300_000 + b"\n"
    (tmp_path / "sent").write_bytes(sent)

    def echo(client: socket.socket) -> None:
        got = b"".join(iter(lambda: client.recv(1 << 16), b""))
        client.sendall(got + b"bye")

    with (
        serving(tmp_path, echo),
        (tmp_path / "sent").open() as given,
        (tmp_path / "got").open("w") as got,
        subprocess.Popen(
            [*PUMP, str(tmp_path)],
            stdin=given if place == "stdin" else subprocess.PIPE,
            stdout=got if place == "stdout" else subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        out, said = process.communicate(None if place == "stdin" else sent)

    assert (process.returncode, said) == (0, b"")
    assert (out or (tmp_path / "got").read_bytes()) == sent + b"bye"


def test_a_terminal_is_carried_and_left_as_it_was(tmp_path: Path) -> None:
    """It is of others too: a shell does not read one that never waits."""

    def echo(client: socket.socket) -> None:
        client.sendall(client.recv(1 << 16))

    ours, theirs = pty.openpty()
    with open(ours, "r+b", 0) as terminal, open(theirs, "r+b", 0) as end, serving(tmp_path, echo):  # noqa: PTH123
        process = subprocess.Popen([*PUMP, str(tmp_path)], stdin=end, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        terminal.write(b"typed\n")
        out, _ = process.communicate()
        assert os.get_blocking(end.fileno())

    assert out == b"typed\n"


def test_one_socket_for_both_is_carried(tmp_path: Path) -> None:
    """As some programs start what they talk to: socat, sshd, inetd."""

    def answer(client: socket.socket) -> None:
        client.sendall(client.recv(1 << 16) + b"bye")

    ours, theirs = socket.socketpair()
    with ours, theirs, serving(tmp_path, answer):
        process = subprocess.Popen(
            [*PUMP, str(tmp_path)], stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.DEVNULL
        )
        theirs.close()
        ours.sendall(b"asked, ")
        assert b"".join(iter(lambda: ours.recv(100), b"")) == b"asked, bye"
        assert process.wait() == 1


def test_two_sockets_are_handed_over(tmp_path: Path) -> None:
    """As Node starts what it talks to."""

    def answer(client: Joined) -> None:
        client.stdout.write(client.stdin.read(100) + b"bye")
        client.connection.send(b"\n")

    (stdin, theirs_in), (stdout, theirs_out) = socket.socketpair(), socket.socketpair()
    with stdin, theirs_in, stdout, theirs_out, serving(tmp_path, joined(answer)):
        process = subprocess.Popen([*PUMP, str(tmp_path)], stdin=theirs_in.fileno(), stdout=theirs_out.fileno())
        theirs_out.close()
        stdin.sendall(b"asked, ")
        assert b"".join(iter(lambda: stdout.recv(100), b"")) == b"asked, bye"
        assert process.wait() == 0


def test_a_server_that_goes_away_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    def say_a_part(client: Joined) -> None:
        client.stdout.write(b"part")

    with serving(tmp_path, joined(say_a_part)), pumping(tmp_path) as process:
        status = process.wait()
        out, said = process.communicate()

    assert (status, out) == (1, b"part")
    assert b"evergrant status" in said


def test_a_server_that_went_away_before_it_got_the_pipes_is_an_error_too() -> None:
    join = (
        "import socket, sys; from evergrant import pump; a, b = socket.socketpair(); b.close(); sys.exit(pump._join(a))"
    )
    done = subprocess.run([sys.executable, "-c", join], input=b"", capture_output=True, check=False)

    assert done.returncode == 1
    assert b"went away" in done.stderr


def test_a_server_that_goes_away_from_a_file_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"more than one byte")

    def die(client: socket.socket) -> None:
        client.recv(1)

    with serving(tmp_path, die), (tmp_path / "sent").open() as given:
        done = subprocess.run([*PUMP, str(tmp_path)], stdin=given, capture_output=True, check=False)

    assert done.returncode == 1
    assert b"went away" in done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_a_signal_ends_it_without_a_word(tmp_path: Path, number: signal.Signals, status: int) -> None:
    def greet(client: Joined) -> None:
        client.stdout.write(b"up")
        client.connection.recv(1)

    with serving(tmp_path, joined(greet)), pumping(tmp_path) as process:
        assert process.stdout
        assert process.stdout.read(2) == b"up"
        process.send_signal(number)
        ended = process.wait()
        _, said = process.communicate()

    assert (ended, said) == (status, b"")


def test_a_client_that_reads_nothing_more_ends_it_quietly(tmp_path: Path) -> None:
    def talk(client: socket.socket) -> None:
        client.recv(1)
        client.sendall(b"to nobody")
        client.recv(1)

    (tmp_path / "sent").write_bytes(b"x")
    with (
        serving(tmp_path, talk),
        (tmp_path / "sent").open() as given,
        subprocess.Popen(
            [*PUMP, str(tmp_path)], stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""


def test_a_server_is_started_where_none_answers_and_waited_for(tmp_path: Path) -> None:
    socket_path(tmp_path).parent.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", LATE_SERVER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        assert process.stdout.read(4) == b"late"


def test_a_server_that_cannot_start_is_told_with_its_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Dead:
        def poll(self) -> int:
            return 1

    assert pump(tmp_path, lambda _: Dead()) == 1

    said = capsys.readouterr().err
    assert str(tmp_path / "serve.log") in said
    assert "evergrant serve" in said


def test_the_server_is_started_detached_with_a_log_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any program in the interpreter's place will do: what is asked is how it is started.
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$@" "$EVERGRANT_HOME"; ps -o sid= -p $$; pwd\n')
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    home = tmp_path / "home"

    process = start_server(home)
    assert isinstance(process, subprocess.Popen)
    assert process.wait() == 0

    log = home / "serve.log"
    assert log.stat().st_mode & 0o777 == 0o600
    arguments, session, folder = log.read_text().splitlines()
    assert arguments == f"-P -m evergrant serve --background {home}"
    assert int(session) == process.pid
    assert folder == str(home)
