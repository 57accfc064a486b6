"""Play a day of refreshes under a virtual clock and print what was promised and what happened.

Exits with 1 when a promise was broken.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.day.lives import refreshes
from tests.day.playing import Size, play
from tests.day.report import day_table, lives_table
from tests.day.virtual_loop import run

ACCOUNTS_EACH = 5


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="scripts/day", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000, help="over four token lives and six rotation policies")
    parser.add_argument("--calls", type=int, default=100_000, help="at random moments on random accounts")
    parser.add_argument("--hours", type=float, default=24.0, help="the length of the day")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another day")
    given = parser.parse_args()
    size = Size(given.accounts, given.calls, given.hours)
    with tempfile.TemporaryDirectory(prefix="evergrant-day-") as folder:
        counted = run(refreshes(Path(folder, "lives"), accounts_each=ACCOUNTS_EACH))
        sys.stdout.write(f"Refreshes per run\n\n{lives_table(counted)}\n\n")
        sys.stdout.flush()
        played = run(play(Path(folder, "day"), size, seed=given.seed))
    sys.stdout.write(f"{size.accounts} accounts, {size.calls} calls, {size.hours:g} h\n\n{day_table(played)}\n")
    broken = played.broken()
    sys.stdout.writelines(f"BROKEN: {words}\n" for words in broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
