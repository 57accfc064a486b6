"""`/metrics`: for a monitor that bears the token of whoever operates the vault."""

import asyncio
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.problem import problem
from evergrant.entry.door import Door
from evergrant.entry.metrics import State, Take, Tally
from evergrant.model.clock import Clock
from evergrant.service.token_desk import OPERATE
from evergrant.store.database import StoreUnavailable

PATH = "/metrics"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
FRESH_S = 5.0
"""So long a count of the vault is told again: however many monitors ask, it is counted so often at most."""


@dataclass(slots=True)
class MetricsPage:
    """Answers a monitor. It tells of every tenant together, so it is for the vault's own operator alone."""

    door: Door
    tally: Tally
    state: State
    take: Take
    clock: Clock
    tenant_id: str
    """Whose operators operate the vault."""
    _counted_at: float | None = None

    @property
    def route(self) -> Route:
        return Route(PATH, self._answer, methods=["GET"])

    async def _answer(self, request: Request) -> Response:
        who = await self.door.admit(request.headers, OPERATE)
        if isinstance(who, Response):
            return who
        if not (who.operator and who.tenant_id == self.tenant_id):
            return self.door.too_little(_not_for_you(), OPERATE)
        await self._count()
        return Response(generate_latest(self.registry()), media_type=TEXT)

    def registry(self) -> CollectorRegistry:
        """All that is told."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self.tally)
        registry.register(self.state)
        return registry

    async def _count(self) -> None:
        """On a thread: of many accounts, counting takes longer than other requests should wait."""
        now = self.clock.monotonic()
        if self._counted_at is not None and now - self._counted_at < FRESH_S:
            return
        self._counted_at = now
        try:
            self.state.counts = await asyncio.to_thread(self.take)
        except StoreUnavailable:
            self.state.counts = None
            return
        for account in self.state.counts.accounts:
            self.tally.begin(account.connector)


def _not_for_you() -> Response:
    return problem(
        403,
        "not_allowed",
        "These numbers are of the whole vault, and are for who operates it.",
        "Use a key of the vault's own tenant that was made with --operator, or what `evergrant token` prints.",
    )
