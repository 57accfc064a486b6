"""`evergrant mcp`: joins a client's pipes to the server at its socket. It speaks no protocol, so it starts fast."""

import os
import socket
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from evergrant.paths import socket_path

CHUNK = 1 << 16
PATIENCE_S = 20.0
LAST_LOOK_S = 0.5
STEP_S = 0.02


class Started(Protocol):
    """A server process that was started."""

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        ...


Start = Callable[[Path], Started]


def pump(home: Path, start: Start | None = None) -> int:
    """Join stdin and stdout to the server of the vault in `home`, which is started where none answers.

    Returns the exit status: 0 after the client closed stdin or went away, 1 where there is no server or it went away,
    130 after Ctrl-C.
    """
    try:
        server = connect(socket_path(home)) or _started(home, start or start_server)
        return _join(server) if server else _no_server(home)
    except KeyboardInterrupt:
        return 130


def connect(path: Path) -> socket.socket | None:
    """A connection to the socket; None where nobody answers, or where it is not this user's."""
    server = socket.socket(socket.AF_UNIX)
    try:
        if path.stat().st_uid == os.getuid():
            server.connect(os.fspath(path))
            return server
    except OSError:
        pass
    server.close()
    return None


def start_server(home: Path) -> Started:
    """A server of its own session, so that it outlives this client; its output goes to `serve.log`."""
    import subprocess  # noqa: PLC0415 (the usual run needs no process)

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = os.open(_log(home), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            # -P: what lies in the folder that the client was started in must not be imported.
            [sys.executable, "-P", "-m", "evergrant", "serve", "--background"],
            env={**os.environ, "EVERGRANT_HOME": str(home)},  # noqa: TID251 (a child gets its parent's environment)
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)


def _started(home: Path, start: Start) -> socket.socket | None:
    path, pause = socket_path(home), threading.Event()
    process, steps = start(home), int(PATIENCE_S / STEP_S)
    while steps > 0:
        if server := connect(path):
            return server
        pause.wait(STEP_S)
        # It may have ended because another client's server was faster, so look for that one a little longer.
        steps = min(steps - 1, steps if process.poll() is None else int(LAST_LOOK_S / STEP_S))
    return None


def _join(server: socket.socket) -> int:
    try:
        is_done = _hand_over(server) if _are_pipes() else _carry(server)
    except ConnectionError:
        is_done = False
    return 0 if is_done else _say("The Evergrant server went away. Restart this client, or run: evergrant status")


def _are_pipes() -> bool:
    """Whether another process can wait for them as for sockets: not for files, and terminals are of others too.

    Nor where both are one socket, of which nobody could tell whether its other end reads no more or sends something.
    """
    stdin, stdout = os.fstat(0), os.fstat(1)
    kinds = {stat.S_IFMT(stdin.st_mode), stat.S_IFMT(stdout.st_mode)}
    return kinds <= {stat.S_IFIFO, stat.S_IFSOCK} and not os.path.samestat(stdin, stdout)


def _hand_over(server: socket.socket) -> bool:
    """The server reads and writes the client's pipes itself; it says a byte once the client has closed them."""
    socket.send_fds(server, [b"\n"], [0, 1])
    return bool(server.recv(1))


def _carry(server: socket.socket) -> bool:
    closed = threading.Event()
    threading.Thread(target=_up, args=(server, closed), daemon=True).start()
    while data := server.recv(CHUNK):
        try:
            _write(data)
        except BrokenPipeError:
            return True  # the client went away: there is nobody to tell
    return closed.is_set()


def _up(server: socket.socket, closed: threading.Event) -> None:
    try:
        while data := os.read(0, CHUNK):
            server.sendall(data)
        closed.set()
        server.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other direction finds the same and says so


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _no_server(home: Path) -> int:
    return _say(f"No Evergrant server answers. See {_log(home)}, or start one by hand to see why: evergrant serve")


def _log(home: Path) -> Path:
    return home / "serve.log"


def _say(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1
