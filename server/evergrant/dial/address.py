"""Which addresses are of the public internet, by IANA's registries of special-purpose addresses.

Not `ipaddress.is_global`: it says yes to multicast, to 192.0.0.8 and to IPv6 forms that carry a loopback IPv4 address.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL_V4 = (
    IPv4Network("0.0.0.0/8"),  # this network
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),  # carrier-grade NAT; Alibaba's metadata service
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),  # link-local; the metadata services of most clouds
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.0.0.0/24"),  # IETF protocols; Oracle's metadata service
    IPv4Network("192.0.2.0/24"),
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("192.168.0.0/16"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("240.0.0.0/4"),  # reserved, broadcast
    IPv4Network("168.63.129.16/32"),  # Azure's platform service, in public space
)
GLOBAL_V6 = IPv6Network("2000::/3")
"""All that IANA has given out as global unicast; what lies outside is local, multicast or not assigned."""
SPECIAL_V6 = (
    IPv6Network("2001::/23"),  # IETF protocols: Teredo, ORCHID, benchmarking
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # 6to4: carries any IPv4 address
    IPv6Network("3ffe::/16"),
    IPv6Network("3fff::/20"),
)
MAPPED, NAT64 = IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96")
"""The two prefixes whose last four bytes are the IPv4 address that is reached."""
ISATAP = 0x5EFE
UNIVERSAL_BIT = 0x02000000


def parse(text: str) -> Address | None:
    """The address that a text spells in the usual way, with or without brackets; None for everything else."""
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """CIDR blocks; raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def within(address: Address, blocks: Iterable[Network]) -> bool:
    """Whether the address lies in one of the blocks; IPv4 in IPv6 counts as the IPv4 address it leads to."""
    return any(block.version == form.version and form in block for form in _forms(address) for block in blocks)


def is_public(address: Address) -> bool:
    """Whether the address, and any IPv4 address that it carries, belongs to a host of the public internet."""
    if isinstance(address, IPv4Address):
        return not within(address, SPECIAL_V4)
    carried = _carried(address)
    if carried is not None and not is_public(carried):
        return False
    return _leads_to_v4(address) or (address in GLOBAL_V6 and not within(address, SPECIAL_V6))


def _forms(address: Address) -> tuple[Address, ...]:
    carried = _carried(address) if isinstance(address, IPv6Address) and _leads_to_v4(address) else None
    return (address, carried) if carried else (address,)


def _leads_to_v4(address: IPv6Address) -> bool:
    return address in MAPPED or address in NAT64


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address in the last four bytes of a mapped, a NAT64 (RFC 6052) or an ISATAP (RFC 5214) address."""
    mark = (int(address) >> 32) & 0xFFFFFFFF & ~UNIVERSAL_BIT
    return IPv4Address(int(address) & 0xFFFFFFFF) if _leads_to_v4(address) or mark == ISATAP else None
