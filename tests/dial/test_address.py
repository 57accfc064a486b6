import pytest

from evergrant.dial.address import is_public, networks, parse, within

PRIVATE = [
    # IANA's special-purpose IPv4 blocks, first and last addresses
    "0.0.0.1", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
    "127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.8",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255",
    # metadata services
    "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fe80::a9fe:a9fe",
    # IPv6: loopback, unspecified, link-local, unique local, site-local, multicast, documentation, not given out
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fdff::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1",
    "100::1", "5f00::1", "4000::1", "3ffe::1", "2001:2::1", "2001:10::1", "2001:20::1",
    # IPv6 that carries IPv4: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "2002:7f00:1::", "2002:808:808::1",
    "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::5efe:7f00:1", "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:a00:1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
    "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15",
    "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808",
    "2606:4700::5efe:808:808",
]  # fmt: skip


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_of_the_public_internet_is_not_public(text: str) -> None:
    address = parse(text)
    assert address is not None
    assert not is_public(address)


@pytest.mark.parametrize("text", PUBLIC)
def test_an_ordinary_address_is_public(text: str) -> None:
    address = parse(text)
    assert address is not None
    assert is_public(address)


@pytest.mark.parametrize(
    "text", ["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "127.0.0.1.", "①②⑦.0.0.1", "127。0。0。1", "localhost", ""]
)
def test_an_odd_spelling_is_no_address_but_a_name_to_look_up(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("10.2.3.4", True),
        ("10.3.0.0", False),
        ("::ffff:10.2.3.4", True),
        ("64:ff9b::a02:304", True),
        ("fd00::1", False),
    ],
)
def test_a_block_holds_an_address_in_every_form(text: str, inside: bool) -> None:
    address = parse(text)
    assert address is not None
    assert within(address, networks(["10.2.0.0/16"])) is inside
