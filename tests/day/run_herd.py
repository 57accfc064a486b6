"""Print how far the token requests of accounts connected together pile up, by how renewal times are drawn.

Four ways of drawing are simulated; the last line is the real engine. Exits with 1 when that one is above 6.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.day.connecting import HERD_PROVIDER, WITHIN_S, herd
from tests.day.herd import DRAWINGS, peak_over_mean, simulate
from tests.day.report import table
from tests.day.virtual_loop import run
from tests.day.world import hours

HIGHEST_RATIO = 6.0
SHORTEST_HOURS = 0.75


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="scripts/herd", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000, help="connected within 60 s; tokens live 30 min")
    parser.add_argument("--hours", type=float, default=24.0, help="how long the drawings are simulated")
    parser.add_argument("--engine-hours", type=float, default=1.0, help="how long the real engine runs")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if min(given.hours, given.engine_hours) < SHORTEST_HOURS:
        parser.error(f"a run is at least {SHORTEST_HOURS:g} h long: before that few tokens are renewed")
    length_s, life_s = int(hours(given.hours)), HERD_PROVIDER.life.seconds
    rows = [("drawing", "peak of 10 s over the mean")]
    for name, draw in DRAWINGS.items():
        moments = simulate(
            draw, accounts=given.accounts, within_s=WITHIN_S, life_s=life_s, length_s=length_s, seed=given.seed
        )
        rows.append((name, f"{peak_over_mean(moments, since=moments[0], until=length_s):.1f}"))
    with tempfile.TemporaryDirectory(prefix="evergrant-herd-") as folder:
        shipped = run(herd(Path(folder), accounts=given.accounts, length_s=hours(given.engine_hours)))
    rows.append((f"the engine, {given.engine_hours:g} h", f"{shipped.ratio:.1f}"))
    sys.stdout.write(f"{table(rows)}\n")
    return 0 if shipped.ratio <= HIGHEST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
