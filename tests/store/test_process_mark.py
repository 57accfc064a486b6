"""A name for a process by which others can tell whether it lives."""

import signal
import subprocess
import sys
from pathlib import Path

from evergrant.store.process_mark import ProcessMark

OTHER = """
import sys
from pathlib import Path
from evergrant.store.process_mark import ProcessMark
mark = ProcessMark(Path(sys.argv[1]))
print(mark.name, flush=True)
sys.stdin.read()
"""


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", OTHER, str(folder)], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_a_process_lives_while_it_is_stopped_and_not_when_it_was_killed(tmp_path: Path) -> None:
    process, name = start(tmp_path)
    mine = ProcessMark(tmp_path)
    with process:
        assert mine.lives(name)
        process.send_signal(signal.SIGSTOP)
        assert mine.lives(name)
        process.kill()
        process.wait()

    assert not mine.lives(name)


def test_who_takes_a_dead_ones_place_is_not_taken_for_it(tmp_path: Path) -> None:
    former = ProcessMark(tmp_path)
    name = former.name
    former.close()

    heir, other = ProcessMark(tmp_path), ProcessMark(tmp_path)

    assert heir.name != name
    assert not other.lives(name)
    assert other.lives(heir.name)
    assert len(list(tmp_path.iterdir())) == 1


def test_of_two_at_once_each_has_a_name_of_its_own(tmp_path: Path) -> None:
    one, other = ProcessMark(tmp_path), ProcessMark(tmp_path)

    assert one.name != other.name
    assert one.lives(other.name)
    assert one.is_own(one.name)
    assert not one.is_own(other.name)
    assert not one.lives("7-nobody")
