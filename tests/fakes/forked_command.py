"""The command in a process that costs a fork, not a start: `evergrant.launch` with everything already imported."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.forked_process import begin
from tests.fakes.forks import forks

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
    begin(argv, env, folder)
