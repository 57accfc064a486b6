"""Where a connector's credential may go: scheme, host, port and path prefix. Everywhere else it is not attached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from evergrant.catalog.account_value import deciding
from evergrant.catalog.connector import Connector

DEFAULT_PORTS = {"https": 443, "http": 80}
HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:]+")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Origin:
    """One entry of an allow-list; a host that begins with `*.` stands for its subdomains."""

    scheme: str
    host: str
    port: int | None
    path: str

    def admits(self, url: str) -> bool:
        """Whether a request to `url` may carry the credential."""
        try:
            parts = urlsplit(url)
            port = DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
        except ValueError:
            return False
        return (
            parts.scheme == self.scheme
            and not (parts.username or parts.password)
            and HOST.fullmatch(parts.hostname or "") is not None
            and self._is_host(parts.hostname or "")
            and port == self.port
            and (parts.path == self.path.rstrip("/") or parts.path.startswith(self.path))
            and not _climbs(parts.path)
        )

    def reaches(self, other: "Origin") -> bool:
        """Whether the other is of the same scheme, host and port, whatever its path."""
        return (other.scheme, other.port) == (self.scheme, self.port) and self._is_host(other.host)

    def _is_host(self, host: str) -> bool:
        return host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host


@lru_cache(maxsize=4096)
def origin(text: str) -> Origin:
    """An allow-list entry such as `https://*.my.salesforce.com/services/`; raises ValueError.

    Plain http is for loopback only.
    """
    parts = urlsplit(text)
    host = parts.hostname or ""
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK)):
        raise ValueError(f"not an https origin: {text}")
    path = parts.path if parts.path.endswith("/") else parts.path + "/"
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return Origin(parts.scheme, host, port, path)


def allowed(connector: Connector, account: Mapping[str, str], look_up: str | None = None) -> tuple[Origin, ...]:
    """The origins of one account's calls: the connector's list, else its base URL; and its identity request's.

    With `look_up`, a declared request, that one's too. Where an account value is the host of such a request, the list
    must name that host as well: the value alone admits nothing.
    """
    listed = [origin(connector.expand(entry, account)) for entry in connector.allow or (connector.base_url,)]
    asked = {request.partition(" ")[2] for request in (connector.identity.request, look_up) if request}
    for url in sorted(asked):
        place = origin(connector.expand(url, account))
        if not deciding(url) or any(entry.reaches(place) for entry in listed):
            listed.append(place)
    return tuple(listed)


def _climbs(path: str) -> bool:
    """Whether some server might read a step up in it: also encoded, with a backslash, or before a `;`."""
    plain = path.lower()
    for encoded, character in (("%2e", "."), ("%3b", ";"), ("%5c", "/"), ("%2f", "/"), ("\\", "/")):
        plain = plain.replace(encoded, character)
    return any(segment.partition(";")[0] in (".", "..") for segment in plain.split("/"))
