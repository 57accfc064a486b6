"""Whether a server runs on this vault, and a port to listen on, with words for when it cannot be had."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evergrant.settings import Settings
from evergrant.store.locks import FileLock

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class CannotListen(Exception):
    """A port cannot be had; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """The server of a vault, as it describes itself."""

    pid: int
    url: str


class AlreadyRunning(Exception):
    """Another process serves this vault."""

    def __init__(self, running: Running) -> None:
        super().__init__(
            f"A server of this vault runs already at {running.url} (process {running.pid}). "
            "Use it as it is, or set EVERGRANT_HOME to serve another vault."
        )


def server_lock(home: Path) -> FileLock:
    """Held by the one server of the vault in `home`."""
    return FileLock(home / "run" / "server.lock")


def runs_here(settings: Settings) -> Running | None:
    """The server of this vault, where one holds its lock."""
    if not (settings.home / "run" / "server.lock").exists():
        return None  # nobody has served it yet
    lock = server_lock(settings.home)
    if lock.try_acquire():
        lock.release()
        return None
    try:
        told = json.loads((settings.home / "run" / "server.json").read_text(encoding="utf-8"))
        return Running(int(told["pid"]), str(told["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Running(0, settings.url)  # it holds the lock and has not written its address yet


def running_port(settings: Settings) -> int | None:
    """The port of the vault's server, which may have been started at another one than is set here."""
    running = None if settings.public_url else runs_here(settings)
    return urlsplit(running.url).port if running else None


def write_running(home: Path, url: str) -> None:
    """Say where this process serves; readable by the owner only."""
    path = home / "run" / "server.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"pid": os.getpid(), "url": url}), encoding="utf-8")


def callback_address(redirect_uri: str) -> tuple[str, int] | None:
    """Host and port on which a loopback redirect arrives; None for any other redirect."""
    parts = urlsplit(redirect_uri)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return None
    return "::1" if parts.hostname == "::1" else "127.0.0.1", parts.port or 80


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit this; without it every answer in two parts waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotListen(f"Port {port} on {host} cannot be had ({error.strerror}).") from None
    return listener
