"""The console script: `evergrant mcp` goes to the pump before anything heavy is imported."""

import gc
import os
import sys

from evergrant.hardening import harden
from evergrant.paths import home_folder

YOUNG = 10_000
"""New objects after which the collector looks for garbage. With CPython's 700 it looks at every second tool call, and
through what imports make, which stays."""


def main() -> None:
    """Run the command line; the pump where it is asked for."""
    for failure in harden():
        sys.stderr.write(f"evergrant: {failure}\n")
    if sys.argv[1:] == ["mcp"]:
        from evergrant.pump import pump  # noqa: PLC0415  (each of the two costs only itself)

        sys.exit(pump(home_folder(os.environ)))  # noqa: TID251  (the pump reads no Settings)
    gc.set_threshold(YOUNG)
    from evergrant.cli.settling import importing  # noqa: PLC0415

    with importing():
        from evergrant.cli.main import run  # noqa: PLC0415

    run()
