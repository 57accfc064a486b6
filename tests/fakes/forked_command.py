"""The command in a process that costs a fork, not a start: `evergrant.launch` with everything already imported."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.forks import forks

from evergrant import launch

READ, WRITTEN = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def run_forked(
    program: Path, arguments: Sequence[str], env: Mapping[str, str], given: str, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """As subprocess.run with text captured; its streams are files, so that nothing waits for a reader."""
    with TemporaryDirectory(prefix="evergrant-command-") as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(given)
        argv = [str(program), *arguments]
        process = forks().Process(target=_command, args=(argv, dict(env), streams, Path.cwd()))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(argv, timeout_s)
        return subprocess.CompletedProcess(argv, process.exitcode, streams[1].read_text(), streams[2].read_text())


def _command(argv: list[str], env: dict[str, str], streams: list[Path], folder: Path) -> None:
    for number, (path, how) in enumerate(zip(streams, (READ, WRITTEN, WRITTEN), strict=True)):
        opened = os.open(path, how, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(folder)
    os.environ.clear()  # noqa: TID251  (the command's own)
    os.environ.update(env)  # noqa: TID251
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = argv
    launch.main()  # what it raises, SystemExit too, multiprocessing makes an exit code of
