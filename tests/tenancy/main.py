"""Tenants against one another for as long as one likes: `scripts/soak-tenants --requests 100000 --seed 7`."""

import argparse
import sys
import tempfile
from pathlib import Path

import anyio
from tests.tenancy.fuzzing import Found, fuzz
from tests.tenancy.household import household


async def _run(tenants: int, requests: int, seed: int) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        async with household(Path(folder) / "home", tenants) as house:
            return await fuzz(house, requests, seed, rounds=max(5, requests // 2000))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = anyio.run(_run, given.tenants, given.requests, given.seed)
    for kind, number in sorted(found.answers.items()):
        sys.stdout.write(f"{number:7} {kind}\n")
    sys.stdout.write(f"{found.answers.total()} requests, {found.compared} compared, {len(found.faults)} faults\n")
    sys.stdout.writelines(f"\n{fault}\n" for fault in found.faults)
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
