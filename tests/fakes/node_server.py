"""Programs for Node.js that some tests run, each as a process of its own."""

import json
import select
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "scripts" / "install-test-tools"
SECONDS_TO_START = 20.0


@contextmanager
def node_server(program: Path, configuration: Mapping[str, object]) -> Generator[bytes]:
    """Starts a server, gives the line by which it says that it listens, and stops it on exit.

    Raises RuntimeError when the tools are missing and cannot be installed, or the server does not start.
    """
    command = [installed_node(), str(program), json.dumps(configuration)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield _ready_line(process, program)
        finally:
            process.kill()


def installed_node() -> str:
    """The path of node; brings node and the programs' modules first where they are missing."""
    script = subprocess.run([str(INSTALL)], stdout=subprocess.PIPE, text=True, check=False)
    if script.returncode != 0:
        raise RuntimeError(
            "What this test runs is not installed: scripts/install-test-tools failed "
            "(its messages are on standard error). Run it by hand where there is a network."
        )
    return script.stdout.strip()


def _ready_line(process: subprocess.Popen[bytes], program: Path) -> bytes:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], SECONDS_TO_START)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise RuntimeError(f"{program} did not become ready; its messages are on standard error.")
    return line
