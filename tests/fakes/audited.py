"""The audit of an app, as it lies on disk; and a network that names each request as services do."""

import asyncio

import httpx2
from tests.fakes.practice import Practice
from typing_extensions import override

from evergrant.model.audit import EVERYTHING, AuditFilter, AuditRecord
from evergrant.settings import LOCAL_TENANT


async def lines(world: Practice, wanted: AuditFilter = EVERYTHING) -> list[AuditRecord]:
    """The audit so far, oldest first."""
    await world.app.audit.journal.drain()
    return world.app.audit_log.page(LOCAL_TENANT, wanted, 1000, oldest_first=True)


class Naming(httpx2.AsyncHTTPTransport):
    """Adds a header to every answer; `echo` puts the credential that was sent there, as no service should.

    Requests go on while `open` is set; `reached` is set by each.
    """

    def __init__(self, header: str = "X-Request-Id", *, echo: bool = False) -> None:
        super().__init__()
        self._header, self._echo = header, echo
        self.number = 0
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.reached.set()
        await self.open.wait()
        response = await super().handle_async_request(request)
        self.number += 1
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        response.headers[self._header] = f"no-{sent}" if self._echo else f"req-{self.number}"
        return response
