"""A stage and a receiver for each test."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from tests.events.stage import Stage, stage
from tests.fakes.receiver import Receiver, receiving


@pytest.fixture
async def on(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with stage(tmp_path / "home") as made:
        yield made


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as made:
        yield made
