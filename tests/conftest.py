"""Shared by all tests: async ones run on asyncio; properties are tried on the same examples at every run."""

import signal

import pytest
from hypothesis import settings

# A deadline would fail a test for a slow machine, and a random example one for luck.
settings.register_profile("evergrant", deadline=None, derandomize=True)
settings.load_profile("evergrant")


def pytest_configure() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and all that is started from there inherits it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
