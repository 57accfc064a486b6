"""Shared by all tests: async ones run on asyncio; properties are tried on the same examples at every run."""

import pytest
from hypothesis import settings

# A deadline would fail a test for a slow machine, and a random example one for luck.
settings.register_profile("evergrant", deadline=None, derandomize=True)
settings.load_profile("evergrant")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
