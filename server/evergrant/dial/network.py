"""The network as a transport, by two ways: hosts that a declaration names, and hosts that a value names."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2
from typing_extensions import override

from evergrant.dial.guard import Guard
from evergrant.dial.sockets import Sockets

DECLARED_HOST = "evergrant.declared_host"
"""The request's extension that says: this host is written in a declaration, no value had a part in it."""
SCHEMES = ("http", "https")


def mark_declared(request: httpx2.Request) -> httpx2.Request:
    """The same request, which may now go to wherever its host leads."""
    request.extensions[DECLARED_HOST] = True
    return request


@cache
def _machines_trust() -> ssl.SSLContext:
    """Read once for all clients: the machine's certificates take longer than all else that opening a vault does."""
    return httpx2.create_ssl_context()


class Network(httpx2.AsyncBaseTransport):
    """Hosts that a declaration or the operator names are dialled as usual, through the environment's proxies.

    Any other host is dialled only at addresses that the guard has looked at, and never through a proxy, which would
    resolve the name anew. The two ways share no connection. A refused host raises AddressRefused.
    """

    def __init__(self, guard: Guard, limits: httpx2.Limits, trust: ssl.SSLContext | None = None) -> None:
        """`trust` says which certificates are taken; None is those that the machine takes."""
        context = trust or _machines_trust()
        self._guard = guard
        self._direct = _Pooled(Sockets(), limits, context)
        self._proxied = {
            scheme: httpx2.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy)
            for scheme, proxy in environment_proxies().items()
        }
        self._checked = _Pooled(_PinnedBackend(guard), limits, context)

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._way(request).handle_async_request(request)

    @override
    async def aclose(self) -> None:
        for way in (self._direct, self._checked, *self._proxied.values()):
            await way.aclose()

    def _way(self, request: httpx2.Request) -> httpx2.AsyncBaseTransport:
        url = request.url
        if not request.extensions.get(DECLARED_HOST) and not self._guard.permitted.trusts(url.host):
            return self._checked
        proxied = self._proxied.get(url.scheme)
        return proxied if proxied and not proxy_bypass(url.netloc.decode()) else self._direct


def environment_proxies() -> Mapping[str, str]:
    """By scheme, the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names."""
    found = getproxies()
    named = {scheme: found.get(scheme) or found.get("all") for scheme in SCHEMES}
    return {scheme: url if "://" in url else f"http://{url}" for scheme, url in named.items() if url}


class _Pooled(httpx2.AsyncHTTPTransport):
    """Has connections of a backend of ours."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend, limits: httpx2.Limits, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, limits=limits)
        # The pool is keyed by name, not by address, so no host rides on a connection whose certificate is another's.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=backend,
        )


class _PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to looked-at addresses; `Host`, SNI and the certificate's name stay the URL's."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._sockets = Sockets()

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._addresses(host, port, timeout)
        share = timeout / len(addresses) if timeout else None
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._sockets.connect_tcp(addresses[-1], port, share, local_address, socket_options)

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                return list(await self._guard.addresses(host, port))
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"no address for {host} in time") from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
