"""A vault that lives through days in seconds waits for no disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.quick_folder import quick_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder
