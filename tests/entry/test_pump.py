"""The pump carries bytes, ends with its client, and says what to do when there is no server."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

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
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
listener.accept()[0].sendall(b"late")
"""
start = lambda home: subprocess.Popen([sys.executable, "-c", SERVE, str(socket_path(home))], stdin=subprocess.DEVNULL)
sys.exit(pump(pathlib.Path(sys.argv[1]), start))
'''


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


@contextmanager
def pumping(home: Path) -> Generator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([*PUMP, str(home)], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        yield process


def test_bytes_go_both_ways_and_the_servers_last_ones_arrive_after_the_client_closed(tmp_path: Path) -> None:
    sent = b"x" * 3_000_000 + b"\n"

    def echo(client: socket.socket) -> None:
        got = b"".join(iter(lambda: client.recv(1 << 16), b""))
        client.sendall(got + b"bye")

    with serving(tmp_path, echo):
        done = subprocess.run([*PUMP, str(tmp_path)], input=sent, capture_output=True, check=True)

    assert done.stdout == sent + b"bye"
    assert done.stderr == b""


def test_a_server_that_closes_first_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with serving(tmp_path, lambda client: client.sendall(b"part")), pumping(tmp_path) as process:
        status = process.wait()
        out, said = process.communicate()

    assert (status, out) == (1, b"part")
    assert b"evergrant status" in said


def test_a_server_that_dies_with_bytes_unread_is_an_error_too(tmp_path: Path) -> None:
    def die(client: socket.socket) -> None:
        client.recv(1)

    with serving(tmp_path, die), pumping(tmp_path) as process:
        assert process.stdin
        process.stdin.write(b"more than one byte")
        process.stdin.flush()
        status = process.wait()
        _, said = process.communicate()

    assert status == 1
    assert b"went away" in said


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_a_signal_ends_it_without_a_word(tmp_path: Path, number: signal.Signals, status: int) -> None:
    def greet(client: socket.socket) -> None:
        client.sendall(b"up")
        client.recv(1)

    with serving(tmp_path, greet), pumping(tmp_path) as process:
        assert process.stdout
        assert process.stdout.read(2) == b"up"
        process.send_signal(number)
        ended = process.wait()
        _, said = process.communicate()

    assert (ended, said) == (status, b"")


def test_a_client_that_went_away_ends_it_quietly(tmp_path: Path) -> None:
    def talk(client: socket.socket) -> None:
        client.recv(1)
        client.sendall(b"to nobody")
        client.recv(1)

    with serving(tmp_path, talk), pumping(tmp_path) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(b"x")
        process.stdin.flush()
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
