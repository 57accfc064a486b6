"""The conformance suite, run against a server on this machine."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.node_server import installed_node

TOOLS = Path(__file__).parents[1] / "fakes" / "mcp_tools" / "node_modules"
SUITE = TOOLS / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
SECONDS = 240
SCENARIO = re.compile(r"^([✓✗]) ([a-z0-9-]+): (\d+) passed, (\d+) failed", re.MULTILINE)


@dataclass(frozen=True)
class Told:
    """What a run said: its exit code, and of each scenario how many checks passed and how many failed."""

    code: int
    scenarios: dict[str, tuple[int, int]]
    text: str


def suite(url: str, *arguments: str, folder: Path) -> Told:
    """Run the server scenarios that the arguments choose."""
    command = [installed_node(), str(SUITE), "server", "--url", url, *arguments, "--output-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    found = {name: (int(passed), int(failed)) for _, name, passed, failed in SCENARIO.findall(done.stdout)}
    return Told(done.returncode, found, done.stdout[-6000:] + done.stderr[-2000:])
