"""Two people's accounts at the sandbox, and a client for the nodes of a graph."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.practice import Practice, practice
from tests.fakes.sdk import client_of

from evergrant import Evergrant
from evergrant.model.clock import SystemClock


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "home") as made:
        await made.connect("anna", "anna")
        await made.connect("maya", "maya")
        yield made


@pytest.fixture
async def client(world: Practice) -> AsyncGenerator[Evergrant, None]:
    async with client_of(world, SystemClock()) as made:
        yield made
