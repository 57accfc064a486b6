"""Three services behind one client. The libraries are read by the tests that need them, not by every test process."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.three_services import ThreeServices, three_services


@pytest.fixture
async def services(tmp_path: Path) -> AsyncGenerator[ThreeServices]:
    async with three_services(tmp_path) as made:
        yield made
