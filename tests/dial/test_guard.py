from collections.abc import Sequence

import pytest

from evergrant.dial.guard import AddressRefused, Guard, Permitted, permitted, system_resolve

pytestmark = pytest.mark.anyio
PUBLIC, OTHER = "93.184.216.34", "2606:4700:4700::1111"


class Names:
    """A resolver that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def test_a_public_host_is_given_with_its_addresses_in_order() -> None:
    names = Names([PUBLIC, OTHER, PUBLIC])
    assert await Guard(names).addresses("api.example", 443) == [PUBLIC, OTHER]
    assert names.asked == [("api.example", 443)]


@pytest.mark.parametrize(
    "bad", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "not-an-address"]
)
async def test_one_bad_address_among_good_ones_refuses_the_host(bad: str) -> None:
    for found in ([bad], [PUBLIC, bad], [bad, PUBLIC]):
        with pytest.raises(AddressRefused, match=r"^api\.example leads to an address that is not public$"):
            await Guard(Names(found)).addresses("api.example", 443)


async def test_a_name_that_changes_its_mind_is_looked_at_each_time() -> None:
    guard = Guard(Names([PUBLIC], ["127.0.0.1"]))
    assert await guard.addresses("rebinding.example", 443) == [PUBLIC]
    with pytest.raises(AddressRefused):
        await guard.addresses("rebinding.example", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "::1", "::ffff:127.0.0.1", "169.254.169.254"])
async def test_an_address_in_place_of_a_name_is_not_looked_up(host: str) -> None:
    names = Names([PUBLIC])
    with pytest.raises(AddressRefused):
        await Guard(names).addresses(host, 443)
    assert names.asked == []


@pytest.mark.parametrize(
    "host", ["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "0x7f000001", "0", "①②⑦.0.0.1", "localhost"]
)
async def test_odd_spellings_of_this_machine_are_refused_as_the_machine_reads_them(host: str) -> None:
    with pytest.raises((AddressRefused, OSError)) as caught:
        await Guard(system_resolve).addresses(host, 443)
    assert isinstance(caught.value, AddressRefused) or host in ("0", "①②⑦.0.0.1", "0177.0.0.1")


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "..", "a..b", "\ud800"])
async def test_what_cannot_be_a_name_has_no_address(host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011  (the words are the system's)
        await Guard(system_resolve).addresses(host, 443)


async def test_a_host_without_addresses_is_an_error() -> None:
    with pytest.raises(OSError, match="no address"):
        await Guard(Names([])).addresses("api.example", 443)


@pytest.mark.parametrize(
    ("entries", "host", "found", "reached"),
    [
        (["corp.example"], "gitlab.corp.example", "10.0.0.1", True),
        (["corp.example"], "corp.example.", "10.0.0.1", True),
        (["CORP.example."], "Corp.Example", "10.0.0.1", True),
        (["corp.example"], "evilcorp.example", "10.0.0.1", False),
        (["corp.example"], "corp.example.evil.test", "10.0.0.1", False),
        (["10.1.0.0/16"], "any.example", "10.1.2.3", True),
        (["10.1.0.0/16"], "any.example", "10.2.2.3", False),
        (["192.168.1.7"], "any.example", "192.168.1.7", True),
        (["fd00::/8"], "any.example", "fd12::1", True),
        ([], "any.example", "10.1.2.3", False),
    ],
)
async def test_the_operator_may_permit_hosts_and_networks(
    entries: list[str], host: str, found: str, reached: bool
) -> None:
    guard = Guard(Names([found]), permitted(entries))
    if reached:
        assert await guard.addresses(host, 443) == [found]
    else:
        with pytest.raises(AddressRefused):
            await guard.addresses(host, 443)


def test_a_wrong_entry_is_refused() -> None:
    for entry in ("10.0.0.1/8", "http://corp.example", "*.corp.example", "a b", ".", "300.0.0.0/8"):
        with pytest.raises(ValueError):  # noqa: PT011  (the words are partly ipaddress's)
            permitted([entry])
    assert permitted([]) == Permitted()
