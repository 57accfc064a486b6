"""Where events may go: looked at when an endpoint is added, and again each time something is sent."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from tests.events.stage import Stage, stage
from tests.fakes.receiver import Receiver

from evergrant.dial.guard import Guard, permitted
from evergrant.events.target import BadTarget, check_target
from evergrant.service.webhooks import CannotAddWebhook

pytestmark = pytest.mark.anyio
PUBLIC, PRIVATE = "93.184.215.14", "127.0.0.1"


def resolving(*addresses: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Each look-up gives the next of these, the last one for ever."""
    left = list(addresses)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def test_https_to_the_public_internet_is_taken() -> None:
    await check_target("https://hooks.example/x?y=1", Guard(resolving([PUBLIC])))
    await check_target(f"https://{PUBLIC}:8443/x", Guard(resolving([])))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/x", "https"),
        ("ftp://hooks.example/x", "write it like"),
        ("hooks.example/x", "write it like"),
        ("https:///x", "write it like"),
        ("https://[::1", "write it like"),
        ("https://hooks.example:99999/x", "write it like"),
        ("https://user:pw@hooks.example/x", "user name"),
        ("https://hooks.example/x#part", "fragment"),
        ("https://hooks.example/a b", "no spaces"),
        ("https://hööks.example/", "plain characters"),
        (f"https://hooks.example/{'x' * 2000}", "2000"),
    ],
)
async def test_what_is_no_good_address_is_refused_in_words(url: str, why: str) -> None:
    with pytest.raises(BadTarget, match=why):
        await check_target(url, Guard(resolving([PUBLIC])))


@pytest.mark.parametrize(
    "address", [PRIVATE, "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "::ffff:127.0.0.1", "0.1.2.3"]
)
async def test_a_host_that_leads_inside_is_refused_with_the_setting_that_permits_it(address: str) -> None:
    for addresses in ([address], [PUBLIC, address]):
        with pytest.raises(BadTarget, match=r"EVERGRANT_ALLOW_PRIVATE_HOSTS=hooks\.example"):
            await check_target("https://hooks.example/", Guard(resolving(addresses)))


async def test_a_host_that_does_not_exist_is_told() -> None:
    with pytest.raises(BadTarget, match="no address"):
        await check_target("https://hooks.example/", Guard(resolving([])))


async def test_plain_http_goes_to_permitted_hosts_and_networks_alone() -> None:
    for permit in ("127.0.0.0/8", "hooks.example"):
        await check_target("http://hooks.example/", Guard(resolving([PRIVATE]), permitted([permit])))
    with pytest.raises(BadTarget, match="https"):
        await check_target("http://hooks.example/", Guard(resolving([PUBLIC]), permitted(["127.0.0.0/8"])))


async def test_nothing_is_added_for_a_bad_target_or_an_unknown_type(on: Stage) -> None:
    with pytest.raises(BadTarget):
        await on.add("https://10.0.0.1/")
    with pytest.raises(CannotAddWebhook, match=r"agent\.auth\.reauth_required"):
        await on.add("http://127.0.0.1/", ["reauth"])
    assert on.endpoints.all("tnt_a") == []


@pytest.mark.parametrize("looks_before_it_turns", [1, 2])
async def test_a_host_that_is_rebound_after_it_was_added_gets_nothing(
    tmp_path: Path, receiver: Receiver, looks_before_it_turns: int
) -> None:
    """To the check before the send, and to the connection itself, which asks once more."""
    resolve = resolving(*[[PUBLIC]] * looks_before_it_turns, [PRIVATE])
    async with stage(tmp_path / "home", resolve=resolve, permit=()) as on:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        endpoint, _ = await on.add(f"https://hooks.example:{port}/")
        await on.die()
        await on.dispatcher().deliver_due()
        assert on.last(endpoint).last_error == "address_refused"
    assert receiver.received == []


async def test_what_is_permitted_no_longer_gets_nothing(tmp_path: Path, receiver: Receiver) -> None:
    async with stage(tmp_path / "home") as on:
        endpoint, _ = await on.add(receiver.url)
        await on.die()
    async with stage(tmp_path / "home", permit=()) as on:
        await on.dispatcher().deliver_due()
        assert on.last(endpoint).last_error == "address_refused"
    assert receiver.received == []
