"""Many random runs of the machine, and what happened in them: what `scripts/stateful` runs."""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence

from tests.fakes.quick_folder import quick_folder
from tests.stateful.running import explore, template_of

from evergrant.sandbox.behaviour import Rotation


def main(arguments: Sequence[str] | None, write: Callable[[str], object]) -> None:
    """Run what the command line asks for; raises what the first broken promise raises, with the shortest way there."""
    parser = ArgumentParser(description="Let hypothesis drive the refresh engine and hold its promises.")
    parser.add_argument("--examples", type=int, default=200, help="for each policy (default: 200)")
    parser.add_argument("--policy", type=Rotation, choices=Rotation, nargs="+", default=list(Rotation))
    parser.add_argument("--seed", type=int, help="make the same examples again (default: new ones)")
    asked = parser.parse_args(arguments)
    rotations: list[Rotation] = asked.policy
    for rotation in rotations:
        with quick_folder() as folder:
            covered = explore(template_of(folder, rotation), folder, asked.examples, seed=asked.seed)
        write(f"{rotation}: {asked.examples} examples kept every promise\n{table(covered)}\n")


def table(covered: Counter[str]) -> str:
    """How often each thing happened, the most frequent first."""
    return "".join(f"{times:>8}  {what}\n" for what, times in covered.most_common())


if __name__ == "__main__":
    main(None, sys.stdout.write)
