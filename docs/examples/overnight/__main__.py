"""`scripts/overnight`: play the night and say what it came to; ends with 1 where it did not end complete."""

import argparse
import asyncio
import json
import sys

from docs.examples.overnight.night import play
from rich.console import Console


def main() -> int:
    """Parse, play, print."""
    parser = argparse.ArgumentParser(prog="scripts/overnight", description=__doc__)
    parser.add_argument("--kill", action="store_true", help="kill the agent while it waits, and start it again")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    given = parser.parse_args()
    report = asyncio.run(play(kill=given.kill))
    if given.json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        Console(highlight=False).print(report.as_text())
    return 0 if report.complete else 1


if __name__ == "__main__":
    sys.exit(main())
