"""The soak itself, short: its exit code is its verdict, and its last line has the figures."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.soak.main", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)


def test_every_promise_holds_while_processes_are_killed_and_stopped() -> None:
    ended = run("--seconds", "15")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    last = ended.stdout.splitlines()[-1]
    figures = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", last)}
    assert figures["dead"] == figures["double"] == figures["expired"] == 0
    # A soak in which nothing happened would prove nothing.
    assert min(figures[name] for name in ("calls", "refreshes", "resent", "kills", "pauses")) > 0, last
    assert last.startswith("soak: 15 s, 6 policies, 6 processes, calls=")
    assert last.endswith(" ok")


def test_one_policy_can_be_chosen_and_its_figures_read_by_a_program() -> None:
    ended = run("--seconds", "2", "--policy", "never", "--json")
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"], report["broken"]) == (0, True, []), ended.stdout + ended.stderr
    assert [policy["policy"] for policy in report["policies"]] == ["never"]


def test_what_it_does_not_know_is_refused_and_help_has_examples() -> None:
    assert run("--policy", "generous").returncode == 2
    assert "scripts/soak --seconds 600" in run("--help").stdout
