"""A server that is made to crash writes no core file, whatever its parent allowed."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.command import COMMAND, Command, free_port

from evergrant.hardening import PR_GET_DUMPABLE

NOBODY = 65534
HARDENED = f"""
import ctypes, os, resource, sys
from pathlib import Path
from evergrant.hardening import harden
from evergrant.store.mounts import mounts
if sys.argv[1:]:
    os.setuid(int(sys.argv[1]))
assert harden() == []
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}, 0, 0, 0, 0))
print(Path("/") in [mount.point for mount in mounts()])
"""
REFUSED = """
import resource
from evergrant import hardening
def refuse(*_):
    raise ValueError("not allowed")
resource.setrlimit = refuse
print(hardening.harden())
"""
AS_ALLOWED = 'ulimit -S -c "$(ulimit -H -c)" && exec "$@"'
linux = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's own")


def started_with_cores_allowed(folder: Path, env: dict[str, str], *command: str | Path) -> subprocess.Popen[str]:
    shell = ["/bin/sh", "-c", AS_ALLOWED, "sh", *command]
    return subprocess.Popen(
        shell, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    )


def dumped_core(process: subprocess.Popen[str]) -> bool:
    """Whether the kernel says that the process, which a signal ends now, left a core; closes it."""
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stdout
    process.stdout.close()
    return os.WCOREDUMP(status)


@linux
@pytest.mark.parametrize("user", [None, NOBODY])
def test_a_hardened_process_cannot_be_dumped_and_still_reads_what_it_needs(user: int | None) -> None:
    if user and os.getuid():
        pytest.skip("only root can become another user")
    arguments = [str(user)] if user else []
    ran = subprocess.run([sys.executable, "-c", HARDENED, *arguments], capture_output=True, text=True, check=False)
    assert ran.stdout == "(0, 0) 0\nTrue\n", ran.stderr


def test_what_cannot_be_done_is_said_and_not_fatal() -> None:
    ran = subprocess.run([sys.executable, "-c", REFUSED], capture_output=True, text=True, check=True)
    assert ran.stdout == "['core files could not be forbidden: not allowed']\n"


@linux
@pytest.mark.parametrize("crash", [signal.SIGABRT, signal.SIGSEGV])
def test_a_server_that_crashes_writes_no_core_though_its_parent_allowed_one(
    tmp_path: Path, crash: signal.Signals
) -> None:
    command = Command(tmp_path / "home", free_port())
    server = started_with_cores_allowed(tmp_path, command.env, COMMAND, "serve", "--json")
    assert server.stdout
    assert server.stdout.readline()  # it serves
    limits = Path(f"/proc/{server.pid}/limits").read_text(encoding="ascii")
    server.send_signal(crash)

    assert not dumped_core(server)
    assert server.returncode == -crash
    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size")] == [["0", "0"]]
    assert not list(tmp_path.rglob("core*"))


@linux
def test_a_process_that_is_not_hardened_leaves_a_core_on_this_machine(tmp_path: Path) -> None:
    """Or the test above would prove nothing."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("this machine allows no process a core")
    other = started_with_cores_allowed(tmp_path, {}, sys.executable, "-c", "import os; os.abort()")
    dumped = dumped_core(other)
    for core in tmp_path.glob("core*"):
        core.unlink()
    if not dumped:
        pytest.skip("this machine keeps no cores")
    assert other.returncode == -signal.SIGABRT
