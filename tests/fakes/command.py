"""The installed `evergrant` command as a process of its own, in a home of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.forked_command import run_forked
from tests.fakes.forked_process import PipedProcess

SECONDS = 60
COMMAND = Path(sys.executable).with_name("evergrant")


@dataclass(frozen=True)
class Command:
    """Runs the command with one vault; `more` are further EVERGRANT_ settings."""

    home: Path
    port: int
    more: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}  # noqa: TID251
        ours = {"EVERGRANT_HOME": str(self.home), "EVERGRANT_PORT": str(self.port), "EVERGRANT_KEY_SOURCE": "file"}
        return {**kept, **ours, **self.more, "NO_COLOR": "1", "COLUMNS": "200"}

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run to its end, with `given` on standard input."""
        return run_forked(COMMAND, arguments, self.env, given, SECONDS)

    def start(self, *arguments: str) -> PipedProcess:
        """Start and leave running, with all three streams as pipes; forked, as `run` does."""
        return PipedProcess([str(COMMAND), *arguments], self.env)

    def start_installed(self, *arguments: str) -> subprocess.Popen[str]:
        """As `start`, and really started: for what is said of its process, its arguments for one."""
        pipe = subprocess.PIPE
        return subprocess.Popen([COMMAND, *arguments], env=self.env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
