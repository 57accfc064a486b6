"""Whether the server's port can be had, and whether providers send people back to it."""

from collections.abc import Collection, Iterator, Sequence
from urllib.parse import urlsplit

from evergrant.doctor.finding import Finding, note, ok, problem, warning
from evergrant.settings import LOCAL_TENANT, LOOPBACK, callback_path
from evergrant.vault.overview import KnownConnection

CALLBACK = "/callback"


def port(number: int, served_at: str | None, why_not: str | None, holder: str | None, platform: str) -> Finding:
    """`served_at`: where our server runs; `why_not`: why the port cannot be had; `holder`: who has it, if known."""
    if served_at is not None:
        return ok("port", f"The server of this vault listens at {served_at}.")
    if why_not is None:
        return ok("port", f"Port {number} is free for the server.")
    if number < 1024 and holder is None:
        return problem("port", f"{why_not} Ports below 1024 are the system's.", "evergrant serve --port 8484")
    who = f" It is held by {holder}." if holder else ""
    look = f"lsof -nP -iTCP:{number} -sTCP:LISTEN" if platform == "darwin" else f"ss -ltnp 'sport = :{number}'"
    return problem(
        "port",
        f"{why_not}{who}",
        f"End that program (who it is: {look}), or serve at another port: evergrant serve --port {number + 1}. "
        f"Redirect URIs that name port {number} must then be changed, here and at the providers.",
    )


def host(name: str) -> Iterator[Finding]:
    """Whether the server would listen there."""
    if name not in LOOPBACK:
        yield problem(
            "port", f"EVERGRANT_HOST is {name}, and the server listens on loopback only.", "unset EVERGRANT_HOST"
        )


def redirect_uris(
    connections: Sequence[KnownConnection], server: str, any_port: Collection[str] = ()
) -> Iterator[Finding]:
    """Each redirect URI against the callbacks at which the server is, or would be, reached: its own, or the common one
    that connections were given before each had its own. Connectors of `any_port` are asked to answer to its port.
    """
    strays = [finding for each in connections if (finding := _stray(each, server, each.connector in any_port))]
    yield from strays
    if connections and not strays:
        yield ok("redirect URIs", f"They lead to {server}{CALLBACK}.")


def _stray(connection: KnownConnection, server: str, takes_any_port: bool) -> Finding | None:
    uri, name = connection.redirect_uri, connection.connector
    expected = server + callback_path(LOCAL_TENANT, name)
    if _place(uri) in (_place(expected), _place(server + CALLBACK)):
        return None
    there, here = urlsplit(uri), urlsplit(expected)
    both_local = there.scheme == "http" and there.hostname in LOOPBACK and here.hostname in LOOPBACK
    if both_local and there.path in (CALLBACK, here.path):
        if takes_any_port:
            return None
        return warning(
            "redirect URIs",
            f"{name} sends people back to {uri}, and the server is at {expected}: reconnect links cannot be finished.",
            f"Serve there: evergrant serve --port {there.port or 80}. Or register {expected} at the provider, and: "
            + _readd(name, expected),
        )
    if there.scheme == "https" and here.scheme == "http":
        return note(
            "redirect URIs",
            f"{name} sends people to {uri}, which does not lead to this server.",
            f"The address that the browser ends on is pasted into: evergrant connect {name} --no-browser",
        )
    return warning(
        "redirect URIs",
        f"{name} sends people back to {uri}, and this server's callback is {expected}.",
        f"Register {expected} at the provider, and: " + _readd(name, expected),
    )


def _readd(name: str, expected: str) -> str:
    return (
        f"evergrant connections add {name} --client-id YOUR_ID --client-secret-stdin --redirect-uri {expected} "
        "(accounts stay)"
    )


def _place(uri: str) -> tuple[str, str | None, int | None, str]:
    """What an address comes to: all loopback names lead to the same server."""
    parts = urlsplit(uri)
    host = "localhost" if parts.hostname in LOOPBACK else parts.hostname
    return parts.scheme, host, parts.port or {"http": 80, "https": 443}.get(parts.scheme), parts.path
