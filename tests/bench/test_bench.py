"""The bench measures what it says: every due account is exchanged in every round, and filler never is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.bench.calls import report
from tests.bench.calls.measure import QUICK
from tests.bench.calls.measure import measure as measure_calls
from tests.bench.machine import machine
from tests.bench.refresh import measure
from tests.bench.seals import measure_seals

pytestmark = pytest.mark.anyio


async def test_small_vaults_are_measured(tmp_path: Path) -> None:
    measured = await measure(tmp_path, (10, 500), due=5, rounds=2)

    assert measured.rate.exchanges == 10
    assert measured.rate.per_second > 0
    assert [(each.accounts, each.due) for each in measured.ticks] == [(10, 5), (500, 5)]
    assert all(min(each.looking_ms, each.whole_ms, each.idle_ms) > 0 for each in measured.ticks)
    assert set(measured.ratios()) == {"looking", "whole", "idle"}


async def test_sealing_is_measured_beside_the_calls_that_it_is_a_part_of(tmp_path: Path) -> None:
    measured = await measure_seals(tmp_path, seals=20, calls=5)

    assert min(measured.open_us, measured.seal_us) > 0
    assert measured.share == (measured.open_us + measured.seal_us) / measured.call_us


async def test_calls_are_measured_beside_those_of_a_bare_server(tmp_path: Path) -> None:
    measured = await measure_calls(tmp_path, replace(QUICK, rounds=1, calls=3, at_once=2, burst=2))

    found = {line.what: line for line in report.lines(measured)}
    for over in ("HTTP 2026-07-28", "stdio 2026-07-28"):
        assert {f"{over}: {what}" for what in ("p50", "p99", "throughput", "processor a call")} < found.keys()
    assert all(min(line.bare, line.ours, line.ratio) > 0 for line in found.values())
    assert found["memory, pump"].ratio < 0.5  # it imports next to nothing, whatever else the machine does
    assert report.as_text(measured).count("yes") + report.as_text(measured).count("NO") == 9
    assert report.as_page(measured).startswith("# Performance")
    assert json.loads(json.dumps(report.as_json(measured)))["machine"] == machine()


def test_the_machine_is_named() -> None:
    assert {"processor", "system", "python", "sqlite"} == set(machine())
    assert all(machine().values())
