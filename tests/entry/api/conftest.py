"""The HTTP API over an app whose provider is the sandbox."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
import structlog
from tests.fakes.practice import Practice, practice

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.parts import mcp_parts
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer


@pytest.fixture
def permit() -> tuple[str, ...]:
    """Private hosts that events may go to."""
    return ()


@pytest.fixture
async def world(tmp_path: Path, permit: tuple[str, ...]) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "home", permit=permit) as made:
        yield made


@pytest.fixture
async def stranger(world: Practice) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """A client without a token."""
    log = structlog.get_logger()
    parts = mcp_parts(world.app, log)
    web = web_app(world.app, make_server(parts, bearer_principal), dict, log)
    transport = httpx2.ASGITransport(web)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def client(world: Practice, stranger: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A client with the vault's own token."""
    stranger.headers["Authorization"] = f"Bearer {local_bearer(world.app.vault.ring.ring).reveal()}"
    return stranger
