"""One process of a vault leads; when it dies another does at once, and while it is paused none does."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from evergrant.model.clock import SystemClock
from evergrant.store.leader import Leadership
from evergrant.store.locks import FileLock

pytestmark = pytest.mark.anyio
FAIL_OVER_S = 1.0
A_WHILE_S = 0.3
CAMPAIGN = """
import asyncio, sys
from pathlib import Path
from evergrant.store.leader import Leadership

async def main():
    async with Leadership(Path(sys.argv[1])).campaign() as leader:
        print("stands", flush=True)
        await leader.elected.wait()
        print("leads", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Candidate:
    """Another process that stands for leadership until it is killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    async def stands(self) -> "Candidate":
        assert await asyncio.to_thread(self.line) == "stands"
        return self

    async def leads(self) -> "Candidate":
        assert await asyncio.to_thread(self.line) == "leads"
        return self

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


class Field:
    """The candidates of one test."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._stack = stack

    async def candidate(self) -> Candidate:
        command = [sys.executable, "-c", CAMPAIGN, str(self.path)]
        candidate = Candidate(await asyncio.to_thread(start, command))
        self._stack.enter_context(candidate.process)
        self._stack.callback(candidate.kill)
        return await candidate.stands()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leader.lock"


@pytest.fixture
def processes(path: Path) -> Iterator[Field]:
    with ExitStack() as stack:
        yield Field(path, stack)


@asynccontextmanager
async def elected(path: Path) -> AsyncGenerator[None, None]:
    async with Leadership(path).campaign() as leader, asyncio.timeout(10):
        await leader.elected.wait()
        yield


async def happens(event: asyncio.Event, within_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within_s)
    except TimeoutError:
        return False
    return True


async def test_the_only_candidate_leads_at_once(path: Path) -> None:
    async with elected(path):
        assert not FileLock(path).try_acquire()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_second_candidate_leads_when_the_first_gives_up(path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with elected(path):
            second = await stack.enter_async_context(Leadership(path).campaign())
            assert not await happens(second.elected, A_WHILE_S)
        assert await happens(second.elected, 10)


async def test_leadership_is_given_up_at_the_end_of_the_block_also_by_an_error(path: Path) -> None:
    with pytest.raises(LookupError):
        async with elected(path):
            raise LookupError
    async with elected(path):
        pass


async def test_a_candidate_that_withdrew_never_leads(path: Path) -> None:
    async with elected(path), Leadership(path).campaign() as withdrawn:
        pass
    async with elected(path):
        assert not withdrawn.elected.is_set()


async def test_within_a_second_of_the_leaders_violent_death_another_leads(path: Path, processes: Field) -> None:
    clock = SystemClock()
    leader = await (await processes.candidate()).leads()
    async with Leadership(path).campaign() as mine:
        assert not await happens(mine.elected, A_WHILE_S)
        killed_at = clock.monotonic()
        leader.process.kill()
        assert await happens(mine.elected, FAIL_OVER_S)
        assert clock.monotonic() - killed_at < FAIL_OVER_S


async def test_after_each_death_one_of_the_others_leads_until_none_is_left(processes: Field) -> None:
    candidates = [await processes.candidate() for _ in range(4)]
    elections = {asyncio.create_task(each.leads()) for each in candidates}
    while elections:
        done, elections = await asyncio.wait(elections, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        done.pop().result().kill()


async def test_a_paused_leader_stays_leader(path: Path, processes: Field) -> None:
    leader = await (await processes.candidate()).leads()
    leader.process.send_signal(signal.SIGSTOP)
    async with Leadership(path).campaign() as mine:
        assert not await happens(mine.elected, A_WHILE_S)
        leader.process.send_signal(signal.SIGCONT)
        assert not await happens(mine.elected, A_WHILE_S)


async def test_where_there_can_be_no_lock_file_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with Leadership(tmp_path / "missing" / "leader.lock").campaign():
            pass
