"""Drive any number of malformed answers through the token endpoint and a tool call; `scripts/soak-answers --help`."""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.wire.answers import ANSWERS, JSON, swelling
from tests.wire.drive import Drive, Driven, driving, is_typed, resident_bytes
from tests.wire.feed import READ

MOST_GROWTH = 64 << 20
PIECES = st.sampled_from((READ, READ, READ, 1_000, 7))
FEW_PIECES = 700
"""Only short answers come in pieces of a few bytes: h11 looks at a head anew with each piece."""

BATCH = 1_000
"""Hypothesis remembers every example of a run: that would be taken for our growth."""
ASIDE = 10
"""One answer in so many goes to revocation, introspection and probe too."""


@dataclass
class Told:
    """What came of all answers."""

    examples: int = 0
    exchanges: Counter[str] = field(default_factory=Counter[str])
    outcomes: Counter[str] = field(default_factory=Counter[str])
    growth: int = 0
    """Bytes by which the process is larger after the last answer than after every bomb once."""

    def add(self, driven: Driven) -> None:
        assert is_typed(driven.exchange, driven.outcome)
        self.examples += 1
        self.exchanges[getattr(driven.exchange, "class_", "issued")] += 1
        self.outcomes[type(driven.outcome).__name__] += 1

    def __str__(self) -> str:
        return (
            f"{self.examples} answers: 0 crashes, 0 hangs, memory grew by {self.growth / (1 << 20):.1f} MiB. "
            f"Exchanges: {dict(self.exchanges)}. Calls: {dict(self.outcomes)}."
        )


def try_answers(examples: int, home: Path, first_seed: int = 0) -> Told:
    """Raises whatever a malformed answer brings about beside a typed outcome, with the answer that did."""
    told = Told()
    with asyncio.Runner() as runner:
        opened = driving(home)
        drive = runner.run(opened.__aenter__())
        try:
            _warm_up(runner, drive)
            before = resident_bytes()
            for batch in range(-(-examples // BATCH)):
                _try(runner, drive, told, first_seed + batch)
            told.growth = resident_bytes() - before
        finally:
            runner.run(opened.__aexit__(None, None, None))
    return told


def _warm_up(runner: asyncio.Runner, drive: Drive) -> None:
    """The allocator keeps what the largest answer took: that is not growth."""
    for lines, body in swelling():
        bomb = b"HTTP/1.1 200 OK\r\n" + JSON + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body
        runner.run(drive.drive(bomb, READ))
        runner.run(drive.drive_aside(bomb))


def _try(runner: asyncio.Runner, drive: Drive, told: Told, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=BATCH,
        deadline=None,
        derandomize=False,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(ANSWERS, PIECES)
    def one(answer: bytes, piece: int) -> None:
        told.add(runner.run(drive.drive(answer, piece if len(answer) < FEW_PIECES else READ)))
        if told.examples % ASIDE == 0:
            runner.run(drive.drive_aside(answer))

    one()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200_000, help="how many answers (200000)")
    parser.add_argument("--seed", type=int, default=1_000, help="of the first batch; the next ones count on (1000)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        told = try_answers(chosen.examples, Path(home), chosen.seed)
    sys.stdout.write(f"{told}\n")
    return 0 if told.growth < MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
