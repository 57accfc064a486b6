"""An MCP server over an app whose provider is the sandbox, with one connected account."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Practice, practice

from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "home") as made:
        yield made


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect("acme", "anna")


@pytest.fixture
async def foreign(world: Practice) -> ConnectedAccount:
    """An account of another tenant."""
    app = world.app
    await app.registry.add(
        "tnt_stranger",
        "sandbox",
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
        redirect_uri=REDIRECT_URI,
    )
    begun = await app.connect.begin("tnt_stranger", "sandbox", "theirs", {"origin": world.url})
    return await app.consent.finish(parse_redirect(await approve(begun.url, "mallory")))


@pytest.fixture
def logged() -> LogCapture:
    return LogCapture()


@pytest.fixture
def parts(world: Practice, logged: LogCapture) -> Parts:
    app = world.app
    log = structlog.wrap_logger(
        structlog.PrintLogger(), processors=[logged], wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    return Parts(
        catalog=app.catalog,
        accounts=app.accounts,
        executor=app.executor,
        connect=app.connect,
        reauth_url=app.links.reauth,
        links=app.links,
        log=log,
    )
