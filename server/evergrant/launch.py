"""The console script: `evergrant mcp` goes to the pump before anything heavy is imported."""

import gc
import os
import sys

from evergrant.hardening import harden
from evergrant.paths import home_folder

OF_A_START = 300_000
"""New objects after which the collector looks for garbage. A start makes fewer, of which hardly any are: what imports
make stays. What serves looks more often, but at less (`cli/settling.py`)."""


def main() -> None:
    """Run the command line; the pump where it is asked for."""
    for failure in harden():
        sys.stderr.write(f"evergrant: {failure}\n")
    if sys.argv[1:] == ["mcp"]:
        from evergrant.pump import pump  # noqa: PLC0415  (each of the two costs only itself)

        sys.exit(pump(home_folder(os.environ)))  # noqa: TID251  (the pump reads no Settings)
    gc.set_threshold(OF_A_START)
    from evergrant.cli.main import run  # noqa: PLC0415

    run()
