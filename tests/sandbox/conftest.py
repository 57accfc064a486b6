"""A sandbox with one client, on a clock that stands still, and a user agent in front of it."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from tests.fakes.clock import ManualClock
from tests.sandbox.agent import CLIENT_ID, ISSUER, REDIRECT, SECRET, Agent

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    clients = {
        CLIENT_ID: Client(SECRET, (REDIRECT,)),
        "other": Client("other secret", ("https://other.example/callback",)),
        "public": Client(None, (REDIRECT,)),
    }
    return Sandbox(
        clients,
        clock=clock,
        chance=random.Random(1),
        auto_approve=True,
        drop_error=httpx2.RemoteProtocolError,
    )


@pytest.fixture
async def agent(sandbox: Sandbox) -> AsyncIterator[Agent]:
    transport = httpx2.ASGITransport(app=sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield Agent(http)
