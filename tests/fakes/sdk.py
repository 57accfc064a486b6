"""The Python client, over an app in the same process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
import structlog
from starlette.types import ASGIApp
from tests.fakes.consent import approve
from tests.fakes.practice import Practice

from evergrant import Evergrant
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.oauth.flow import parse_redirect
from evergrant.parts import mcp_parts
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer


def web(world: Practice) -> ASGIApp:
    """Everything that the world's app answers over HTTP."""
    log = structlog.get_logger()
    return web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)


@asynccontextmanager
async def client_of(world: Practice, clock: Clock | None = None) -> AsyncGenerator[Evergrant, None]:
    """A client with the vault's own token, which waits on the world's clock unless it has its own."""
    token = local_bearer(world.app.vault.ring.ring)
    async with Evergrant(token=token, transport=httpx2.ASGITransport(web(world)), clock=clock or world.clock) as client:
        yield client


async def reconnect(world: Practice, account: ConnectedAccount, user: str = "anna") -> None:
    """The person consents again."""
    begun = await world.app.connect.begin_reauth(account)
    await world.app.consent.finish(parse_redirect(await approve(begun.url, user)))
