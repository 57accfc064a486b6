"""Tenants of a vault over `/v1`: each with a client of its own that bears its operator's key."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import structlog
from starlette.applications import Starlette
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Practice

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.parts import mcp_parts
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer

CLIENT = {
    "connector": "sandbox",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "redirect_uri": REDIRECT_URI,
}
"""The practice provider's, as a tenant adds it."""


@dataclass(frozen=True)
class House:
    """A vault, its server, and whoever runs it."""

    world: Practice
    web: Starlette
    operator: httpx2.AsyncClient

    def bearing(self, token: str) -> httpx2.AsyncClient:
        """A client that bears a token."""
        bearer = {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.web), base_url="http://localhost", headers=bearer)

    async def tenant(self, tenant_id: str, **key: object) -> httpx2.AsyncClient:
        """A client of a tenant, which is made where there is none yet; an operator's unless the key is another's."""
        await self.operator.post("/v1/tenants", json={"name": tenant_id, "id": tenant_id})
        made = await self.operator.post(
            f"/v1/tenants/{tenant_id}/keys", json={"name": "back end", **(key or {"operator": True})}
        )
        assert made.status_code == 201, made.text
        return self.bearing(made.json()["key"])


@asynccontextmanager
async def house(world: Practice) -> AsyncGenerator[House, None]:
    """The server of a world, not yet serving MCP."""
    log = structlog.get_logger()
    web = web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)
    made = House(world, web, httpx2.AsyncClient())
    bearer = local_bearer(world.app.vault.ring.ring).reveal()
    async with made.bearing(bearer) as operator:
        yield House(world, web, operator)
