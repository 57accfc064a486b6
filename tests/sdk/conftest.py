"""The client over an app whose provider is the sandbox."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.practice import Practice, practice
from tests.fakes.sdk import client_of

from evergrant import Evergrant


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "home") as made:
        yield made


@pytest.fixture
async def client(world: Practice) -> AsyncGenerator[Evergrant, None]:
    async with client_of(world) as made:
        yield made
