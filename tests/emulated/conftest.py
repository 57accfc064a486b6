"""The emulated services, one process for all tests of a worker, and an app on them for each module."""

from collections.abc import AsyncGenerator, Generator, Mapping

import pytest
from tests.fakes.emulate_server import emulate_server
from tests.fakes.emulated import Agent, Emulated, emulated
from tests.fakes.emulated_services import SERVICES


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def addresses() -> Generator[Mapping[str, str]]:
    with emulate_server(SERVICES) as found:
        yield found


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, addresses: Mapping[str, str]) -> AsyncGenerator[Emulated]:
    async with emulated(tmp_path_factory.mktemp("vault"), addresses) as opened:
        yield opened


@pytest.fixture(scope="module")
async def gmail(world: Emulated) -> Agent:
    return await world.connect("gmail")


@pytest.fixture(scope="module")
async def calendar(world: Emulated) -> Agent:
    return await world.connect("google_calendar")


@pytest.fixture(scope="module")
async def drive(world: Emulated) -> Agent:
    return await world.connect("google_drive")


@pytest.fixture(scope="module")
async def github(world: Emulated) -> Agent:
    return await world.connect("github")


@pytest.fixture(scope="module")
async def slack(world: Emulated) -> Agent:
    return await world.connect("slack")
