"""Fifty tenants ask for one another's things in every way there is: none is told of any, and none changes any."""

from pathlib import Path

import pytest
from tests.tenancy.fuzzing import fuzz
from tests.tenancy.household import household

pytestmark = pytest.mark.anyio
TENANTS, REQUESTS = 50, 10_000


async def test_of_ten_thousand_requests_none_is_told_of_another_tenant(tmp_path: Path) -> None:
    """`scripts/soak-tenants --requests 100000` is the whole of it."""
    async with household(tmp_path / "home", TENANTS) as house:
        found = await fuzz(house, REQUESTS)

    assert not found.faults, found.faults[0]
    assert found.answers.total() >= REQUESTS
    assert found.compared > REQUESTS / 10
    assert {kind.partition(" ")[0] for kind in found.answers} >= {"GET", "POST", "PATCH", "DELETE", "mcp"}
