"""Where a host that somebody else named may lead: its addresses, all of them looked at, to connect to and no others.

Without this a value such as an account's host could make the server knock at its own machine, its network or its
cloud's metadata service (SSRF, CWE-918), also by a name that resolves to another address at the second look.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import httpx2

from evergrant.dial.address import Network, is_public, networks, parse, within

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name, in the order in which to try them; raises OSError where there are none."""


class AddressRefused(httpx2.ConnectError):
    """The host leads to an address that is not of the public internet; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """What the operator allows beside the public internet."""

    hosts: tuple[str, ...] = ()
    """Host names; each stands for itself and for its subdomains."""
    networks: tuple[Network, ...] = ()

    def trusts(self, host: str) -> bool:
        """Whether the operator has named this host."""
        name = host.lower().rstrip(".")
        return any(name == known or name.endswith(f".{known}") for known in self.hosts)


def permitted(entries: Iterable[str]) -> Permitted:
    """From entries such as `gitlab.corp.example`, `10.20.0.0/16` or `192.168.1.7`; raises ValueError."""
    hosts: list[str] = []
    blocks: list[str] = []
    for entry in entries:
        is_block = "/" in entry or parse(entry) is not None
        (blocks if is_block else hosts).append(entry if is_block else _host(entry))
    return Permitted(tuple(hosts), networks(blocks))


def _host(entry: str) -> str:
    name = entry.lower().strip(".")
    if not name or not all(part.replace("-", "").isalnum() and part.isascii() for part in name.split(".")):
        raise ValueError(f"neither a host name nor a network: {entry!r}")
    return name


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver; raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("not a host name") from None
    return [str(sockaddr[0]) for *_, sockaddr in found]


@dataclass(frozen=True, slots=True)
class Guard:
    """Says where a host may be reached."""

    resolve: Resolve = system_resolve
    permitted: Permitted = Permitted()

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses to connect to, and no others; each may be used until it is asked again.

        Raises AddressRefused if any one of them is not public and not permitted, OSError if there are none.
        """
        literal = parse(host)
        found = [str(literal)] if literal else list(dict.fromkeys(await self.resolve(host, port)))
        if not found:
            raise OSError("the host has no address")
        if not self.permitted.trusts(host) and not all(map(self._may_reach, found)):
            raise AddressRefused(f"{host} leads to an address that is not public")
        return found

    def _may_reach(self, text: str) -> bool:
        address = parse(text)
        return address is not None and (is_public(address) or within(address, self.permitted.networks))
