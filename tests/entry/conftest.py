"""An MCP server over an app whose provider is the sandbox, with one connected account."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Practice, practice
from tests.fakes.tenants import settled
from tests.fakes.worker import From

from evergrant.entry.mcp.list_changes import ListChanges
from evergrant.entry.mcp.parts import HOLD_S, Parts
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.secret import Secret
from evergrant.model.tool_mode import ALL
from evergrant.oauth.flow import parse_redirect
from evergrant.parts import mcp_parts


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
    settled(app.vault, "tnt_stranger")
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
    return replace(mcp_parts(app, log), hold_s=0)


@pytest.fixture
def naming(parts: Parts) -> Parts:
    """As served to agents that are listed the named tools of their connectors; changes are looked for often."""
    heard = ListChanges(parts.accounts, parts.calls.changes, SystemClock(), parts.log, every_s=0.01)
    return replace(parts, tools=(ALL,), list_changes=heard)


@pytest.fixture
def holding(parts: Parts, world: Practice) -> Parts:
    """As served: calls are held, and in real time, since a client and a person act meanwhile."""
    calls = replace(world.app.held_calls, clock=From(world.clock.now(), SystemClock()))
    return replace(parts, calls=calls, hold_s=HOLD_S)
