"""Requests of a tenant that makes too many: a call comes to a failure that a model can read, all else to an error."""

from collections.abc import Callable
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError

from evergrant.entry.mcp import results
from evergrant.model.principal import Principal
from evergrant.service.tenant_pace import TenantPace, too_many

TOO_MANY = -32000
"""JSON-RPC 2.0 leaves this code to servers."""


class Paced:
    """Server middleware that takes each request out of its tenant's bucket."""

    def __init__(self, pace: TenantPace, principal_of: Callable[[], Principal]) -> None:
        self._pace = pace
        self._principal_of = principal_of

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        wait = self._pace.take(self._principal_of().tenant_id) if ctx.request_id is not None else 0.0
        if not wait:
            return await call_next(ctx)
        refused = too_many(wait)
        if ctx.method == "tools/call":
            return results.failed(refused)
        raise MCPError(TOO_MANY, refused.as_text(), refused.as_json())
