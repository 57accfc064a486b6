"""The model's figures: what `scripts/model` prints."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Final, get_args

from tests.protocol.ablations import ASSUMPTIONS, RULES, Ablation
from tests.protocol.explore import Found, explore
from tests.protocol.server_policies import SIX, Policy
from tests.protocol.state import Faults, Lock, Setup

Write = Callable[[str], object]
LOCKS: Final[tuple[Lock, ...]] = get_args(Lock)
_LAYOUT: Final = "{:<7} {:<13} {:>9} {:>7} {:>11} {:>8} {:>8}  {}\n"


def main(arguments: Sequence[str] | None, write: Write) -> int:
    """Explore what the command line asks for and write a table; 1 where a promise is broken, else 0."""
    asked = _parser().parse_args(arguments)
    kept = _protocol(asked, write)
    return 0 if _ablations(write) and kept else 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser(description="Walk every reachable state of the refresh protocol and hold its promises.")
    parser.add_argument("--clients", type=int, default=2, help="processes that refresh one grant (default: 2)")
    parser.add_argument("--generations", type=int, default=2, help="refreshes after each other (default: 2)")
    parser.add_argument("--faults", type=int, default=1, help="how often each fault may happen (default: 1)")
    parser.add_argument("--states", type=int, default=10_000_000, help="end each exploration at so many states")
    parser.add_argument("--policy", type=Policy, choices=Policy, nargs="+", default=SIX, help="default: the six")
    parser.add_argument("--lock", choices=LOCKS, nargs="+", default=LOCKS, help="default: both")
    return parser


def _setups(asked: Namespace) -> Iterator[Setup]:
    faults = Faults(*(asked.faults for _ in Faults._fields))
    for lock in asked.lock:
        for policy in asked.policy:
            leased = lock == "lease"
            yield Setup(
                policy,
                lock,
                faults,
                asked.clients,
                asked.generations,
                guard_is_atomic=leased,
                pause_outlasts_token=not leased,
            )


def _protocol(asked: Namespace, write: Write) -> bool:
    write(_LAYOUT.format("lock", "policy", "states", "seconds", "unavoidable", "avoidable", "reauths", "result"))
    states, began, kept = 0, perf_counter(), True
    for setup in _setups(asked):
        started = perf_counter()
        found = explore(setup, asked.states)
        write(_row(setup, found, perf_counter() - started))
        states, kept = states + found.states, kept and not found.broken
    write(f"{states} states in {perf_counter() - began:.0f} s\n")
    return kept


def _row(setup: Setup, found: Found, seconds: float) -> str:
    avoidable = int(found.broken == "avoidable loss")
    unavoidable = sum(found.losses.values())
    figures = (found.states, f"{seconds:.1f}", unavoidable, avoidable, found.reauths)
    line = _LAYOUT.format(setup.lock, setup.policy.value, *figures, _result(found))
    return line + "".join(f"    {step}\n" for step in found.counterexample)


def _result(found: Found) -> str:
    if found.broken:
        return found.broken.upper()
    return "keeps its promises" if found.complete else "keeps its promises so far (limit reached)"


def _ablations(write: Write) -> bool:
    write("\nWithout one rule, or one assumption of a lease, a promise breaks; the shortest way there:\n")
    failed = [_ablation(ablation, write) for ablation in (*RULES, *ASSUMPTIONS)]
    return all(failed)


def _ablation(ablation: Ablation, write: Write) -> bool:
    found = explore(ablation.setup)
    where = f"{ablation.setup.lock} lock, {ablation.setup.policy.value}"
    write(f"\n{ablation.name} ({where}): {found.broken or 'NOTHING BREAKS'}\n")
    write("".join(f"    {step}\n" for step in found.counterexample))
    return found.broken == ablation.breaks
