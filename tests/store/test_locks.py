import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio.lowlevel
import pytest
from tests.fakes.clock import ManualClock

from evergrant.model.account import AccountKey
from evergrant.store.locks import AccountLocks, FileLock

HOLD_IT = """
import sys
from pathlib import Path
from evergrant.store.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.try_acquire(), flush=True)
sys.stdin.readline()
"""
KEY = AccountKey("tnt_a", "conn_1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


@pytest.fixture
def holder(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input ends."""
    command = [sys.executable, "-c", HOLD_IT, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2027, 1, 1, tzinfo=UTC))


def test_one_holder_at_a_time_also_within_a_process(file: Path) -> None:
    first, second = FileLock(file), FileLock(file)
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()


def test_releasing_what_is_not_held_is_nothing(file: Path) -> None:
    FileLock(file).release()


def test_the_file_stays_and_is_its_owners_only(file: Path) -> None:
    with FileLock(file).held():
        pass
    assert file.stat().st_mode & 0o777 == 0o600


def test_another_process_is_kept_out(file: Path, holder: subprocess.Popen[str]) -> None:
    lock = FileLock(file)
    assert not lock.try_acquire()
    holder.communicate("done\n")
    assert lock.try_acquire()
    lock.release()


def test_a_killed_holder_leaves_no_lock(file: Path, holder: subprocess.Popen[str]) -> None:
    lock = FileLock(file)
    assert not lock.try_acquire()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock.try_acquire()
    lock.release()


def test_a_paused_holder_keeps_its_lock(file: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGSTOP)
    assert not FileLock(file).try_acquire()
    holder.send_signal(signal.SIGCONT)


@pytest.mark.anyio
async def test_a_second_caller_waits_on_the_given_clock(tmp_path: Path, clock: ManualClock) -> None:
    locks = AccountLocks(tmp_path, clock)
    inside: list[str] = []

    async def enter() -> None:
        async with locks.hold(KEY):
            inside.append("second")

    async with locks.hold(KEY):
        waiting = asyncio.create_task(enter())
        while clock.monotonic() < 1:
            await anyio.lowlevel.checkpoint()
        assert inside == []
    await waiting
    assert inside == ["second"]


@pytest.mark.anyio
async def test_other_accounts_do_not_wait(tmp_path: Path, clock: ManualClock) -> None:
    locks = AccountLocks(tmp_path, clock)
    async with locks.hold(KEY), locks.hold(AccountKey("tnt_a", "conn_2")), locks.hold(AccountKey("tnt_b", "conn_1")):
        assert clock.monotonic() == 0


@pytest.mark.anyio
async def test_a_lock_is_given_up_when_the_block_raises(tmp_path: Path, clock: ManualClock) -> None:
    locks = AccountLocks(tmp_path, clock)
    with pytest.raises(LookupError):
        async with locks.hold(KEY):
            raise LookupError
    async with locks.hold(KEY):
        assert clock.monotonic() == 0
