"""Soak the refresh engine: six processes on one vault, killed and stopped at random, while the provider fails.

Six rotation policies are tried at the same time. Ends with one line of figures; with 1 where a promise was broken.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import httpx2
from tests.soak import people
from tests.soak.plan import FAULTS, POLICIES, PROCESSES, Policy, write_connectors
from tests.soak.provider import provide
from tests.soak.record import Called, GaveUp, Held, Journal, Presented, Told, rows
from tests.soak.torment import LONGEST_END_S, Nursery, Tormentor, orphans
from tests.soak.verdict import Evidence, Figures, broken, expired, figures
from tests.soak.worker import Account, Shift, Vault, work

from evergrant.model.clock import SystemClock

EXAMPLES = """examples:
  scripts/soak                              a minute, all policies
  scripts/soak --seconds 600                ten minutes
  scripts/soak --policy strict_family       one policy only
  scripts/soak --keep /tmp/soak             and leave what was written down, to find out why
  scripts/soak --seconds 15 --json          figures for a program
"""


def main() -> int:
    options = _options()
    policies = tuple(POLICIES[name] for name in dict.fromkeys(options.policy or POLICIES))
    with tempfile.TemporaryDirectory(prefix="evergrant-soak-") as temporary:
        folder = Path(options.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        evidence = soak(folder, policies, options.seconds, options.seed)
    found = [figures(evidence, policy.rotation.value) for policy in policies]
    faults = broken(evidence)
    print_report = _as_json if options.json else _as_text
    sys.stdout.write(print_report(options.seconds, evidence, found, faults) + "\n")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "soak", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long the workers are tormented (60)")
    parser.add_argument("--policy", action="append", choices=list(POLICIES), help="one policy; may be repeated (all)")
    parser.add_argument("--seed", type=int, default=1, help="of the tormentor's and the provider's dice (1)")
    parser.add_argument("--keep", metavar="FOLDER", help="a new folder in which the vault and all records stay")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    return parser.parse_args()


def soak(folder: Path, policies: tuple[Policy, ...], seconds: float, seed: int) -> Evidence:
    """Run one soak in an empty folder."""
    nursery = Nursery()
    try:
        tormentor = _soak(folder, nursery, policies, seconds, seed)
    finally:
        nursery.end()
    journal = Journal(folder / "torments")
    for torment in tormentor.done:
        journal.write(torment)
    return Evidence(
        presented=rows(folder / "ledger", Presented),
        called=rows(folder / "calls", Called),
        gave_up=rows(folder / "gave_up", GaveUp),
        torments=tormentor.done,
        held=rows(folder / "found", Held),
        told=rows(folder / "events", Told),
        fallen=tormentor.fallen,
        integrity=people.integrity(Vault(folder / "vault", folder / "data")),
        orphans=orphans(),
    )


def _soak(folder: Path, nursery: Nursery, policies: tuple[Policy, ...], seconds: float, seed: int) -> Tormentor:
    vault, clock = Vault(folder / "vault", folder / "data"), SystemClock()
    write_connectors(vault.connectors, policies)
    url = _provider(folder, nursery, policies, seed)
    nursery.run("connect", people.connect, vault, policies, url, folder / "connected")
    accounts = tuple(Account(one.account, one.policy) for one in rows(folder / "connected", Held))
    until = clock.monotonic() + seconds

    def shift(name: str) -> Shift:
        number = len(nursery.started)
        return Shift(name, vault, accounts, until, folder / "calls", seed * 1_000_000 + number, os.getpid())

    with httpx2.Client(base_url=url, trust_env=False) as control:
        for fault in FAULTS:
            control.post("/sandbox/faults", json=fault.model_dump(mode="json")).raise_for_status()
        person = nursery.start("person", people.reconnect, shift("person"))
        tormentor = Tormentor(clock, random.Random(seed), lambda name: nursery.start(name, work, shift(name)))
        tormentor.torment(PROCESSES, until)
        person.join(LONGEST_END_S)
        if person.exitcode != 0:
            tormentor.fallen.append(f"person ended with {person.exitcode}")
        control.delete("/sandbox/faults").raise_for_status()
    nursery.run("look", people.look, vault, accounts, folder / "found", folder / "events")
    return tormentor


def _provider(folder: Path, nursery: Nursery, policies: tuple[Policy, ...], seed: int) -> str:
    read_end, write_end = os.pipe()

    def tell(url: str) -> None:
        os.write(write_end, url.encode())
        os.close(write_end)

    nursery.start("provider", provide, policies, folder / "ledger", seed, tell)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        return pipe.read()


def _as_text(seconds: float, evidence: Evidence, found: list[Figures], faults: list[str]) -> str:
    lines = [
        f"{one.policy}: calls={one.calls} unavailable={one.unavailable} refreshes={one.refreshes} "
        f"resent={one.resent} lost={one.lost} dead={one.dead} double={one.double} events={one.events}"
        for one in found
    ]
    total = _totals(evidence, found)
    last = f"soak: {seconds:g} s, {len(found)} policies, {PROCESSES} processes, "
    last += " ".join(f"{name}={count}" for name, count in total.items())
    return "\n".join([*lines, *(f"BROKEN {fault}" for fault in faults), f"{last} {'FAILED' if faults else 'ok'}"])


def _as_json(seconds: float, evidence: Evidence, found: list[Figures], faults: list[str]) -> str:
    policies = [asdict(one) for one in found]
    report = {"seconds": seconds, "processes": PROCESSES, **_totals(evidence, found), "policies": policies}
    return json.dumps({**report, "broken": faults, "ok": not faults})


def _totals(evidence: Evidence, found: list[Figures]) -> dict[str, int]:
    return {
        "calls": sum(one.calls for one in found),
        "refreshes": sum(one.refreshes for one in found),
        "resent": sum(one.resent for one in found),
        "kills": sum(one.kind == "kill" for one in evidence.torments),
        "pauses": sum(one.kind == "pause" for one in evidence.torments),
        "lost": sum(one.lost for one in found),
        "dead": sum(one.dead for one in found),
        "double": sum(one.double for one in found),
        "expired": expired(evidence),
        "events": sum(one.events for one in found),
    }


if __name__ == "__main__":
    sys.exit(main())
