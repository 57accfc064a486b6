"""The time of a vault: it follows the machine's clock forward, never back, in all processes alike."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.day.clocks import MachineClock, TrueClock
from tests.day.virtual_loop import VirtualLoop
from tests.fakes.clock import ManualClock

from evergrant.model.clock import SystemClock, boot_id
from evergrant.store.steady import SteadyClock, set_back

START = datetime(2026, 5, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Settable(ManualClock):
    """A machine's clock: elapsed time is true, the time of day is set at will."""

    def __init__(self) -> None:
        super().__init__(START)
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


def test_time_is_the_machines_while_nobody_sets_it(tmp_path: Path) -> None:
    machine = Settable()
    clock = SteadyClock(machine, tmp_path / "clock", "boot")

    machine.advance(90)

    assert clock.now() == START + timedelta(seconds=90)
    assert clock.new_boot


def test_a_clock_that_is_set_back_changes_nothing(tmp_path: Path) -> None:
    machine = Settable()
    clock = SteadyClock(machine, tmp_path / "clock", "boot")

    machine.ahead = -HOUR
    machine.advance(90)

    assert clock.now() == START + timedelta(seconds=90)


def test_a_clock_that_is_set_forward_is_followed_for_good(tmp_path: Path) -> None:
    machine = Settable()
    clock = SteadyClock(machine, tmp_path / "clock", "boot")

    machine.ahead = HOUR
    assert clock.now() == START + HOUR
    machine.ahead = timedelta(0)

    assert clock.now() == START + HOUR


def test_a_process_that_starts_after_the_clock_was_set_back_has_the_time_of_the_others(tmp_path: Path) -> None:
    machine = Settable()
    first = SteadyClock(machine, tmp_path / "clock", "boot")
    machine.ahead = -HOUR

    second = SteadyClock(machine, tmp_path / "clock", "boot")

    assert second.now() == first.now() == START
    assert not second.new_boot


def test_a_step_forward_that_one_process_has_seen_holds_for_all(tmp_path: Path) -> None:
    machine = Settable()
    first, second = (SteadyClock(machine, tmp_path / "clock", "boot") for _ in range(2))
    machine.ahead = HOUR
    first.now()
    machine.ahead = timedelta(0)

    assert second.now() == START + HOUR


def test_after_a_new_start_of_the_machine_its_time_of_day_counts(tmp_path: Path) -> None:
    machine = Settable()
    machine.ahead = HOUR
    SteadyClock(machine, tmp_path / "clock", "boot").now()
    machine.ahead = timedelta(0)

    started_anew = SteadyClock(machine, tmp_path / "clock", "another boot")

    assert started_anew.new_boot
    assert started_anew.now() == START


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "clock").write_bytes(b"short")

    assert SteadyClock(Settable(), tmp_path / "clock", "boot").now() == START
    assert (tmp_path / "clock").stat().st_size == 16


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e4)), max_size=20))
def test_time_never_goes_back_and_never_lags_behind_what_elapsed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[float, float]]
) -> None:
    machine = Settable()
    clock = SteadyClock(machine, tmp_path_factory.mktemp("steady") / "clock", "boot")
    before = clock.now()
    for ahead, passed in steps:
        machine.ahead = timedelta(seconds=ahead)
        machine.advance(passed)
        now = clock.now()
        assert now - before >= timedelta(seconds=passed) - timedelta(microseconds=2)
        before = now


def test_a_sleeping_machine_is_noticed(tmp_path: Path) -> None:
    loop = VirtualLoop()
    true = TrueClock(loop)
    clock = SteadyClock(MachineClock(true), tmp_path / "clock", "boot")
    before = clock.now()

    true.suspend(9 * 3600)

    assert clock.now() - before == 9 * HOUR
    loop.close()


def test_the_machine_says_what_start_this_is_and_counts_elapsed_time() -> None:
    clock = SystemClock()

    assert boot_id() == boot_id()
    assert clock.monotonic() <= clock.monotonic()


def test_how_far_the_clock_was_set_back_can_be_told_from_outside(tmp_path: Path) -> None:
    machine, path = Settable(), tmp_path / "clock"
    assert set_back(machine, path, "boot") is None
    clock = SteadyClock(machine, path, "boot")
    machine.advance(60)
    machine.ahead = -HOUR
    before = path.read_bytes()

    assert set_back(machine, path, "boot") == HOUR
    assert set_back(machine, path, "another boot") is None
    assert clock.now() == machine.now() + HOUR
    machine.ahead = HOUR
    assert set_back(machine, path, "boot") == timedelta(0)
    assert path.read_bytes() == before
