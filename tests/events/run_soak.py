"""`scripts/soak-webhooks`: the soak of delivery at the size that is asked for, with its verdict as exit code."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.events.soaking import soak

from evergrant.model.clock import SystemClock


def main() -> int:
    """Run it and print the line of figures; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description="Deliver events while dispatchers are killed and the receiver fails.")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    clock = SystemClock()
    began = clock.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        count = soak(Path(folder) / "home", given.events, given.kills, given.seed)
    sys.stdout.write(f"{count}; {clock.monotonic() - began:.0f} s\n{'good' if count.is_good else 'BROKEN'}\n")
    return 0 if count.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
