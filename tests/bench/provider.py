"""The sandbox as a process of its own, as a provider is: `python -m tests.bench.provider` prints where it listens."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.practice import sandbox

from evergrant.model.clock import SystemClock
from evergrant.sandbox.run import serve

ROOT = Path(__file__).parents[2]


@contextmanager
def provider() -> Generator[str, None, None]:
    """Where the sandbox listens, until the block ends."""
    command = [sys.executable, "-m", "tests.bench.provider"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _say(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sandbox(SystemClock()), "127.0.0.1", 0, _say)
