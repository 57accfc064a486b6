"""Requests that were meant for this server, told by `Host` and `Origin` before anything else is looked at.

A page of a stranger can make a browser send us requests, and by a name that it has changed to our address read the
answers too (DNS rebinding, CWE-350). A bearer is wanted all the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from evergrant.entry.api.problem import problem

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
ORIGIN = re.compile(rf"(https?)://{HOST.pattern}", re.IGNORECASE)
SAFE = ("GET", "HEAD")

Name: TypeAlias = tuple[str, str]
"""Scheme and host. A port is not looked at: whoever has the name has its ports."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Answers 421 for another host and 403 for a page of another site.

    To `arrivals` browsers are sent on by other sites, so there a read may say where it comes from.
    """

    app: ASGIApp
    own: Sequence[str] = ()
    """Origins (`https://host[:port]`) at which the server is reached beside the loopback names."""
    arrivals: Sequence[str] = ()
    """How their paths begin."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(scope) if scope["type"] == "http" else None
        await (refused or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_here(headers.getlist("Host")):
            return problem(
                421,
                "misdirected",
                "This server does not answer to that name.",
                "Use the address that `evergrant status` prints, or set EVERGRANT_PUBLIC_URL to the one that you use.",
            )
        arrives = scope["method"] in SAFE and str(scope["path"]).startswith(tuple(self.arrivals))
        if arrives or all(self._is_ours(origin) for origin in headers.getlist("Origin")):
            return None
        return problem(403, "foreign_origin", "A page of another site sent this.", "Send it from a program of yours.")

    def _is_here(self, hosts: Sequence[str]) -> bool:
        found = HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        return found is not None and found[1].lower() in (*LOOPBACK, *(host for _, host in self._names()))

    def _is_ours(self, origin: str) -> bool:
        found = ORIGIN.fullmatch(origin)
        name = (found[1].lower(), found[2].lower()) if found else None
        return name is not None and (name in self._names() or (name[0] == "http" and name[1] in LOOPBACK))

    def _names(self) -> list[Name]:
        return [_name(origin) for origin in self.own]


def _name(origin: str) -> Name:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    return parts.scheme.lower(), f"[{host}]" if ":" in host else host
