"""Connects over TCP."""

import asyncio
from collections.abc import Iterable

import httpcore2
from typing_extensions import override

from evergrant.dial.connection import Arrivals, Connection

NEXT_ADDRESS_S = 0.25
"""After that a host's next address is tried beside the one before (RFC 8305 5)."""


class Sockets(httpcore2.AsyncNetworkBackend):
    """Connections to whatever address a host has."""

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        local = (local_address, 0) if local_address else None
        try:
            async with asyncio.timeout(timeout):
                transport, arrivals = await asyncio.get_running_loop().create_connection(
                    Arrivals, host, port, local_addr=local, happy_eyeballs_delay=NEXT_ADDRESS_S
                )
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"no connection to {host} in time") from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return Connection(arrivals)
