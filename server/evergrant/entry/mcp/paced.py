"""Requests of a tenant that makes too many: a call comes to a failure that a model can read, all else to an error."""

from collections.abc import Callable
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from structlog.typing import FilteringBoundLogger

from evergrant.entry.mcp import results
from evergrant.entry.mcp.wall import Wall
from evergrant.model.principal import Principal
from evergrant.service.tenant_pace import TenantPace, too_many

TOO_MANY = -32000
"""JSON-RPC 2.0 leaves this code to servers."""


class Paced:
    """Server middleware that takes each request out of its tenant's bucket."""

    def __init__(self, pace: TenantPace, principal_of: Callable[[], Principal], log: FilteringBoundLogger) -> None:
        self._pace = pace
        self._principal_of = principal_of
        self._log = log

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        wait = 0.0
        with Wall(self._log, ctx.method) as wall:
            wait = self._pace.take(self._principal_of().tenant_id) if ctx.request_id is not None else 0.0
        if wall.reference:
            if ctx.method == "tools/call":
                return results.broken(wall.reference)
            raise wall.error()
        return _refused(ctx.method, wait) if wait else await call_next(ctx)


def _refused(method: str, wait_s: float) -> HandlerResult:
    refused = too_many(wait_s)
    if method == "tools/call":
        return results.failed(refused)
    raise MCPError(TOO_MANY, refused.as_text(), refused.as_json())
