"""What was measured, as a table with the targets, as JSON, and as a page of the documentation."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from tests.bench.calls.measure import FEW_ACCOUNTS, FEW_TOOLS, Measured, Side
from tests.bench.calls.starts import Start
from tests.bench.machine import machine

from evergrant.model.json import JsonObject

RIVALS = (
    ("Nango's proxy", "4", "335-378"),
    ("Executor", "8", "174"),
    ("ContextForge", "27", "30"),
    ("ACI", "69-117", "8-16"),
)
"""Milliseconds that each adds to a direct call, and calls a second of 20 at once: measured on two cores."""


class Target(NamedTuple):
    """What a ratio should be."""

    bound: float
    at_least: bool = False


class Figure(NamedTuple):
    """What is told of a side, for each round."""

    of: Callable[[Side], Sequence[float]]
    unit: str


P50 = Figure(attrgetter("p50_ms"), "ms")
PER_S = Figure(attrgetter("per_s"), "/s")
CPU = Figure(attrgetter("cpu_ms"), "ms")
SLOWEST, SLOWEST_OF_PUMP, THROUGHPUT, GROWTH = Target(1.25), Target(1.0), Target(0.8, at_least=True), Target(1.05)
PUMP_START, PUMP_MEMORY, IN_PROCESS_START = Target(0.15), Target(0.3), Target(2.5)
OTHERS = """\
The others' figures are not of this run: we took them earlier, of their own servers on a machine of two cores, as what
each adds to a direct call of a provider that answers at once."""
INTRODUCTION = """\
# Performance

What Evergrant adds to a tool call, measured beside a bare low-level server of the MCP SDK whose one tool sends the
same request (httpx2) with a fixed token. Both serve the same light client in turns, a fraction of a second each, so
that whatever else the machine does hits both; a ratio is the median of the ratios of the rounds, whose middle half
lies between the two figures beside it. Throughput and processor time are of many calls at once. The provider is a
process of its own on the same machine that answers about 2 KB at once, so nothing hides what lies between.
`scripts/bench calls` measures it anew.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison."""

    what: str
    bare: float
    ours: float
    unit: str
    ratio: float
    target: Target | None = None
    middle_half: tuple[float, float] | None = None
    """Between these lie the ratios of half of the rounds, a quarter lies on either side."""

    @property
    def is_met(self) -> bool | None:
        """None where there is no target."""
        if self.target is None:
            return None
        return self.ratio >= self.target.bound if self.target.at_least else self.ratio <= self.target.bound

    def as_json(self) -> JsonObject:
        """Figures as they are."""
        return {
            "what": self.what,
            "bare": self.bare,
            "ours": self.ours,
            "unit": self.unit,
            "ratio": self.ratio,
            "middle_half": self.middle_half,
            "target": self.target and self.target.bound,
            "met": self.is_met,
        }

    def cells(self) -> Sequence[str]:
        """As text."""
        bound = "" if self.target is None else f"{'>=' if self.target.at_least else '<='} {self.target.bound:g}"
        met = {True: "yes", False: "NO", None: ""}[self.is_met]
        half = "" if self.middle_half is None else "{:.2f}-{:.2f}".format(*self.middle_half)
        figures = (f"{self.bare:.2f} {self.unit}", f"{self.ours:.2f} {self.unit}", f"{self.ratio:.2f}", half)
        return (self.what, *figures, bound, met)


def lines(measured: Measured) -> Sequence[Line]:
    """All comparisons; of those that are of sizes, few tools and accounts stand in the place of the bare server."""
    size = measured.size
    many = f"{size.tools:,} tools, {size.accounts:,} accounts; before: {FEW_TOOLS} and {FEW_ACCOUNTS}"
    compared = chain.from_iterable(_compared(over, *sides) for over, sides in measured.compared.items())
    grown = (
        _line(f"p50, {many}", measured.grown, P50, GROWTH),
        _line(f"processor a call, {many}", measured.grown, CPU, GROWTH),
    )
    return [*compared, *grown, *_starts(*measured.starts)]


def _compared(over: str, bare: Side, ours: Side) -> Iterator[Line]:
    sides = (bare, ours)
    yield _line(f"{over}: p50", sides, P50, SLOWEST_OF_PUMP if over.startswith("stdio") else SLOWEST)
    yield Line(f"{over}: p99", bare.p99_ms, ours.p99_ms, "ms", ours.p99_ms / bare.p99_ms)
    yield _line(f"{over}: throughput", sides, PER_S, THROUGHPUT)
    yield _line(f"{over}: processor a call", sides, CPU)


def _starts(bare: Start, pump: Start, in_process: Start) -> Iterator[Line]:
    for name, start, target in (("pump", pump, PUMP_START), ("in-process", in_process, IN_PROCESS_START)):
        ratio = start.start_ms / bare.start_ms
        yield Line(f"cold start, {name}", bare.start_ms, start.start_ms, "ms", ratio, target)
    for name, start, most in (("pump", pump, PUMP_MEMORY), ("in-process", in_process, None)):
        ratio = start.memory_mib / bare.memory_mib
        yield Line(f"memory, {name}", bare.memory_mib, start.memory_mib, "MiB", ratio, most)


def _line(what: str, sides: tuple[Side, Side], figure: Figure, target: Target | None = None) -> Line:
    """Of the rounds' medians; the ratio is that of rounds next to each other."""
    bare, ours = (figure.of(side) for side in sides)
    ratios = sorted(mine / other for other, mine in zip(bare, ours, strict=True))
    half = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    medians = statistics.median(bare), statistics.median(ours)
    return Line(what, *medians, figure.unit, statistics.median(ratios), target, half)


def added(measured: Measured) -> tuple[float, float]:
    """What ours adds over HTTP to the request alone, in milliseconds, and its calls a second: as of rivals."""
    ours = next(iter(measured.compared.values()))[1]
    more_ms = statistics.median(ours.p50_ms) - statistics.median(measured.direct.p50_ms)
    return more_ms, statistics.median(ours.per_s)


def as_json(measured: Measured) -> JsonObject:
    """Figures as they are, unrounded."""
    return {
        "machine": dict(machine()),
        "lines": [line.as_json() for line in lines(measured)],
        "direct_p50_ms": statistics.median(measured.direct.p50_ms),
        "direct_per_s": statistics.median(measured.direct.per_s),
        "added_ms": added(measured)[0],
        "calls_per_s": added(measured)[1],
        "at_once": measured.size.at_once,
        "servers_mib": dict(measured.servers_mib),
    }


def as_text(measured: Measured) -> str:
    """For a terminal."""
    rows = [
        ("", "bare server", "Evergrant", "ratio", "middle half", "target", "met"),
        *(line.cells() for line in lines(measured)),
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = [f"{name:<10} {words}" for name, words in machine().items()]
    return "\n".join([*told, "", *table, "", *_asides(measured)]) + "\n"


def as_page(measured: Measured) -> str:
    """For `docs/reference/performance.md`."""
    rows = [f"| {' | '.join(line.cells())} |" for line in lines(measured)]
    head = ["| | bare server | Evergrant | ratio | middle half | target | met |", "|---|---:|---:|---:|---:|---:|---|"]
    told = [f"- {name}: {words}" for name, words in machine().items()]
    rivals = [f"| {name} | {more} | {rate} |" for name, more, rate in RIVALS]
    more_ms, per_s = added(measured)
    ours = f"| Evergrant | {more_ms:.1f} | {per_s:.0f} |"
    scale = ["| | adds ms to a direct call | calls a second, 20 at once |", "|---|---:|---:|", ours, *rivals]
    return "\n".join(
        [INTRODUCTION, *told, "", *head, *rows, "", *_asides(measured), "", "## For scale", "", OTHERS, "", *scale, ""]
    )


def _asides(measured: Measured) -> Sequence[str]:
    direct = measured.direct
    servers = ", ".join(f"{mib:.0f} MiB with {name}" for name, mib in measured.servers_mib.items())
    alone_ms, alone_per_s = statistics.median(direct.p50_ms), statistics.median(direct.per_s)
    at_once = measured.size.at_once
    return [
        f"The request alone takes {alone_ms:.2f} ms, and {alone_per_s:.0f} a second go with {at_once} at once. "
        f"Over HTTP, Evergrant adds {added(measured)[0]:.2f} ms to it.",
        f"Memory of the server: {servers}.",
    ]
