"""How many exchanges at one time: a few places at each token host, so that a slow host keeps no other waiting."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from evergrant.catalog.connector import Connector

IN_FLIGHT = 8


class Places:
    """At most `size` holders for each key at one time; others wait in turn. A key that none uses is forgotten."""

    def __init__(self, size: int = IN_FLIGHT) -> None:
        self._size = size
        self._places: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many keys are in use."""
        return len(self._places)

    @asynccontextmanager
    async def at(self, key: str) -> AsyncGenerator[None, None]:
        """Hold one of the key's places for the block."""
        places = self._places.setdefault(key, asyncio.Semaphore(self._size))
        self._users[key] += 1
        try:
            async with places:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._places[key]


def token_host(connector: Connector, values: Mapping[str, str]) -> str:
    """Host and port of the token endpoint, or of a service without one, for an account with these values.

    Raises KeyError where one is missing, BadAccountValue.
    """
    return urlsplit(connector.expand(connector.oauth.token_endpoint or connector.base_url, values)).netloc
