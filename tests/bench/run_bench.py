"""Measure on this machine and print the figures with what they were measured on. Nothing is asserted."""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.bench.calls import report
from tests.bench.calls.measure import QUICK, Size
from tests.bench.calls.measure import measure as measure_calls
from tests.bench.machine import machine
from tests.bench.refresh import DUE, ROUNDS, SIZES, Measured, measure
from tests.bench.seals import CALLS, SEALS, Seals, measure_seals

EXAMPLES = """Examples:
  scripts/bench calls
  scripts/bench calls --quick --json
  scripts/bench calls --page docs/reference/performance.md"""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    words = "Exchanges per second with full durability against the sandbox, and the cost of a tick."
    refresh = commands.add_parser("refresh", help=words, description=words)
    refresh.add_argument("--accounts", type=int, nargs="+", default=SIZES, help="sizes of the vault, in accounts")
    refresh.add_argument("--due", type=int, default=DUE, help="how many of them are due at each tick")
    refresh.add_argument("--rounds", type=int, default=ROUNDS, help="ticks of which the median is taken")
    refresh.add_argument("--json", action="store_true", help="print one JSON object")
    words = "What sealing costs: microseconds to open and to seal a grant, and its share of a tool call at the sandbox."
    vault = commands.add_parser("vault", help=words, description=words)
    vault.add_argument("--seals", type=int, default=SEALS, help="openings and sealings of which the median is taken")
    vault.add_argument("--calls", type=int, default=CALLS, help="tool calls of which the median is taken")
    vault.add_argument("--json", action="store_true", help="print one JSON object")
    words = "Tool calls beside those of a bare server of the MCP SDK: latency, throughput, cold start, memory."
    calls = commands.add_parser(
        "calls", help=words, description=words, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    calls.add_argument("--quick", action="store_true", help="few calls, in half a minute: to see that it works")
    calls.add_argument("--rounds", type=int, default=Size().rounds, help="of each comparison; medians of them are told")
    calls.add_argument("--page", type=Path, help="also write the page of the documentation to this file")
    calls.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evergrant-bench-") as folder:
        run = {"vault": _vault, "refresh": _refresh, "calls": _calls}[given.command]
        sys.stdout.write(run(parser, given, Path(folder, "vault")))
    return 0


def _calls(parser: argparse.ArgumentParser, given: argparse.Namespace, home: Path) -> str:
    if given.rounds < 1:
        parser.error("--rounds cannot be fewer than 1")
    size = QUICK if given.quick else replace(Size(), rounds=given.rounds)
    measured = asyncio.run(measure_calls(home, size))
    if given.page:
        given.page.write_text(report.as_page(measured), encoding="utf-8")
    return json.dumps(report.as_json(measured), indent=2) + "\n" if given.json else report.as_text(measured)


def _vault(parser: argparse.ArgumentParser, given: argparse.Namespace, home: Path) -> str:
    if given.seals < 1 or given.calls < 1:
        parser.error("--seals and --calls cannot be fewer than 1")
    seals = asyncio.run(measure_seals(home, given.seals, given.calls))
    return _seals_json(seals) if given.json else _seals_table(seals)


def _refresh(parser: argparse.ArgumentParser, given: argparse.Namespace, home: Path) -> str:
    if given.due < 1 or given.rounds < 1 or min(given.accounts) < given.due:
        parser.error("--accounts cannot be fewer than --due, and --due and --rounds not fewer than 1")
    measured = asyncio.run(measure(home, given.accounts, due=given.due, rounds=given.rounds))
    return _json(measured) if given.json else _table(measured)


def _seals_json(seals: Seals) -> str:
    return json.dumps({"machine": machine(), **seals.as_json()}, indent=2) + "\n"


def _seals_table(seals: Seals) -> str:
    lines = [f"{name:<10} {words}" for name, words in machine().items()]
    lines += [
        "",
        "both tokens of a grant, with the unwrapping of its data key; medians",
        f"open           {seals.open_us:>10.1f} us",
        f"seal           {seals.seal_us:>10.1f} us",
        f"open and seal  {seals.open_us + seals.seal_us:>10.1f} us",
        f"tool call      {seals.call_us:>10.1f} us, of which opening and sealing would be {seals.share:.2%}",
    ]
    return "\n".join(lines) + "\n"


def _json(measured: Measured) -> str:
    return json.dumps({"machine": machine(), **measured.as_json()}, indent=2) + "\n"


def _table(measured: Measured) -> str:
    rate, ratios = measured.rate, measured.ratios()
    lines = [f"{name:<10} {words}" for name, words in machine().items()]
    lines += ["", f"{rate.per_second:.0f} exchanges a second sustained ({rate.exchanges} in {rate.seconds:.1f} s)", ""]
    lines += ["   accounts    due   looking ms   whole tick ms   idle tick ms"]
    lines += [
        f"{each.accounts:>11,} {each.due:>6,} {each.looking_ms:>12.2f} {each.whole_ms:>15.1f} {each.idle_ms:>14.2f}"
        for each in measured.ticks
    ]
    lines += [f"      ratio {'':>6} {ratios['looking']:>12.2f} {ratios['whole']:>15.2f} {ratios['idle']:>14.2f}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
