"""Schemathesis for as long as one likes: `scripts/soak-api --examples 500 --seed 7`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.entry.api.fuzzing import fuzz
from tests.entry.api.served import served


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="for each operation and phase")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "home") as api:
        found = fuzz(api, given.examples, given.seed)
    for (operation, status), number in sorted(found.answers.items()):
        sys.stdout.write(f"{number:7} {status} {operation}\n")
    sys.stdout.write(f"{found.answers.total()} requests, {len(found.faults)} faults\n")
    sys.stdout.writelines(f"\n{fault}\n" for fault in found.faults)
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
