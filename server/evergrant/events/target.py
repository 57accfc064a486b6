"""Where events may be sent: https to the public internet, and what the operator permits beside it."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from evergrant.dial.address import parse, within
from evergrant.dial.guard import AddressRefused, Guard

LONGEST_URL = 2000


class BadTarget(Exception):
    """Events cannot be sent there; the message says why, and what to do."""


async def check_target(url: str, guard: Guard) -> None:
    """Raises BadTarget where the URL is none to send to, or its host leads to an address that is not to be reached.

    A host that resolves to a public address now may resolve to a private one later, so this is asked before each send;
    the connection itself is then made to looked-at addresses only (SSRF, CWE-918).
    """
    host, port, encrypted = _parts(url)
    try:
        addresses = await guard.addresses(host, port)
    except AddressRefused:
        raise BadTarget(
            f"{host} leads to an address that is not of the public internet. If events are to go there, permit it: "
            f"EVERGRANT_ALLOW_PRIVATE_HOSTS={host}"
        ) from None
    except OSError:
        raise BadTarget(f"{host} has no address: look at the spelling, or at this machine's DNS.") from None
    if not encrypted and not _is_permitted(guard, host, addresses):
        raise BadTarget(
            "Events go over https, since they are read by whoever is on the way. Only a host that "
            "EVERGRANT_ALLOW_PRIVATE_HOSTS names may be sent to over plain http."
        )


def _parts(url: str) -> tuple[str, int, bool]:
    """Host, port and whether it is https."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise BadTarget("Not an address to send to: a URL has no spaces, and at most 2000 plain characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadTarget("Not an address to send to: write it like https://example.com/hooks") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadTarget("Not an address to send to: write it like https://example.com/hooks")
    if "@" in parts.netloc:
        raise BadTarget("A user name or password in the URL would be stored in clear: the signature is the proof.")
    if "#" in url:
        raise BadTarget("A URL's fragment (#...) is never sent: leave it out.")
    return host, port or (443 if parts.scheme == "https" else 80), parts.scheme == "https"


def _is_permitted(guard: Guard, host: str, addresses: Sequence[str]) -> bool:
    found = [parse(text) for text in addresses]
    named = all(address is not None and within(address, guard.permitted.networks) for address in found)
    return guard.permitted.trusts(host) or named
