"""A few at one time at each key, and a key that waits keeps no other waiting."""

import asyncio

import pytest
from anyio.lowlevel import checkpoint
from tests.tokens.token_host import connector

from evergrant.tokens.places import Places, token_host

pytestmark = pytest.mark.anyio


class Guests:
    """Stay at a key until told to leave."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.inside: list[str] = []
        self.leave = asyncio.Event()

    async def enter(self, key: str) -> None:
        async with self._places.at(key):
            self.inside.append(key)
            await self.leave.wait()


async def test_no_more_than_its_places_are_held_at_a_key_and_others_do_not_wait_for_it() -> None:
    places = Places(2)
    guests = Guests(places)
    entering = [asyncio.create_task(guests.enter(key)) for key in ("a", "a", "a", "a", "b")]
    for _ in range(5):
        await checkpoint()

    assert sorted(guests.inside) == ["a", "a", "b"]
    guests.leave.set()
    await asyncio.gather(*entering)
    assert sorted(guests.inside) == ["a", "a", "a", "a", "b"]


async def test_a_key_that_none_uses_is_forgotten_also_after_a_cancellation_and_an_error() -> None:
    places = Places(1)
    guests = Guests(places)
    entering = [asyncio.create_task(guests.enter("a")) for _ in range(2)]
    await checkpoint()
    for task in entering:
        task.cancel()
    await asyncio.gather(*entering, return_exceptions=True)
    with pytest.raises(LookupError):
        async with places.at("b"):
            raise LookupError

    assert len(places) == 0


def test_the_token_host_is_where_the_accounts_own_values_point() -> None:
    assert token_host(connector(), {"origin": "http://127.0.0.1:81"}) == "127.0.0.1:81"
    with pytest.raises(KeyError):
        token_host(connector(), {})
