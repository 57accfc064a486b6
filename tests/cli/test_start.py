"""What a command does not pay for when it starts."""

import subprocess
import sys

import pytest

LOADED = "import sys, evergrant.cli.main; print(*{name.partition('.')[0] for name in sys.modules})"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["mcp", "mcp_types", "apscheduler", "alembic"])
def test_only_a_command_that_needs_it_imports_what_is_heavy(loaded: set[str], package: str) -> None:
    assert "evergrant" in loaded
    assert package not in loaded
