"""Whether the vault's server runs, answers on every wire, and is the version that is installed."""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from evergrant.doctor.asking import Asked
from evergrant.doctor.finding import Finding, note, ok, problem, warning
from evergrant.settings import LOOPBACK


class Server(Protocol):
    """The server of a vault, as it describes itself."""

    @property
    def pid(self) -> int:
        """Its process; 0 where it has not written it yet."""
        ...

    @property
    def url(self) -> str: ...


def runs(server: Server | None, accounts: int, home: Path) -> Finding:
    """Whether one runs, and whether that matters."""
    if server is not None:
        return ok("server", f"It runs at {server.url} (process {server.pid}).")
    if accounts:
        return warning(
            "server",
            f"No server runs, so the grants of {accounts} accounts are not renewed. It may have ended with an error: "
            f"{home / 'serve.log'}",
            "Start it: evergrant serve",
        )
    return note("server", "No server runs yet; a client that needs it starts it.", "Start it by hand: evergrant serve")


def answers(wire: str, server: Server, asked: Asked) -> Finding:
    """One wire of a server that runs."""
    if asked.version is not None:
        return ok(wire, f"It answers{' as version ' + asked.version if asked.version else ''}.")
    return problem(wire, f"The server runs, but does not answer there: {asked.why_not}.", restart(server))


def version(server: Server, theirs: str, ours: str) -> Finding:
    """Whether the server that runs is what is installed."""
    if theirs == ours:
        return ok("version", f"The server runs what is installed: {ours}.")
    return warning("version", f"The server that runs is version {theirs}, and {ours} is installed.", restart(server))


def elsewhere(server: Server) -> Finding:
    """A server that people reach through another address."""
    text = f"Not asked: it is reached at {server.url}, and a bearer is sent to this machine only."
    return note("server, HTTP", text, f"Ask it yourself: curl {server.url}/healthz")


def restart(server: Server) -> str:
    """The command that ends a server and starts another."""
    stop = f"kill {server.pid} && " if server.pid else ""
    return f"Restart it: {stop}evergrant serve"


def local_url(server: Server) -> str | None:
    """Where a bearer may be sent: this machine only. None for a server that says it is reached elsewhere."""
    return server.url if urlsplit(server.url).hostname in LOOPBACK else None
