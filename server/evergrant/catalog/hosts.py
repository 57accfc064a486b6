"""Which hosts a connector's declaration names itself, and which ones a value of an account decides."""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

import httpx2

from evergrant.catalog.account_value import ACCOUNT_VALUE, deciding
from evergrant.catalog.connector import Connector
from evergrant.catalog.origin import DEFAULT_PORTS, LOOPBACK
from evergrant.dial.network import mark_declared

HERE = ("http://127.0.0.1:8485", "http://localhost:8485", "http://[::1]:8485")
ELSEWHERE = ("http://10.1.2.3:8485", "http://[fd00::1]:8485", "http://host.example:8485", "https://host.example")
Place = tuple[str, str, int | None]


def marked(connector: Connector, request: httpx2.Request) -> httpx2.Request:
    """The same request, marked if its host is one that the declaration names: only others are looked at when dialled.

    An account value counts as named only where its pattern admits loopback addresses and nothing else (the sandbox).
    """
    url = request.url
    place = (url.scheme, url.host, url.port or DEFAULT_PORTS.get(url.scheme))
    named = place in _written(connector.urls()) or (
        url.scheme == "http" and url.host in LOOPBACK and _is_confined_to_loopback(connector)
    )
    return mark_declared(request) if named else request


@lru_cache(maxsize=1024)
def _written(urls: Iterable[str]) -> frozenset[Place]:
    """Of all connectors, since each call asks."""
    written = (urlsplit(text) for text in urls if not deciding(text))
    return frozenset(
        (each.scheme, each.hostname or "", each.port or DEFAULT_PORTS.get(each.scheme)) for each in written
    )


def _is_confined_to_loopback(connector: Connector) -> bool:
    origins = (match[1] for text in connector.urls() if (match := ACCOUNT_VALUE.match(text)))
    return any(is_loopback_only(connector.account[name].pattern) for name in origins)


@lru_cache(maxsize=1024)
def is_loopback_only(pattern: str) -> bool:
    """Whether a value that fits can be an origin on this machine, and on no other."""
    fits = [re.fullmatch(pattern, sample) is not None for sample in (*HERE, *ELSEWHERE)]
    return any(fits[: len(HERE)]) and not any(fits[len(HERE) :])
