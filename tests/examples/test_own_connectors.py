"""docs/how-to/own-connectors.md, command by command, as it stands there."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from docs.examples.library.service import running
from tests.fakes.command import COMMAND, Command, free_port
from tests.oauth.samples import ROOT

PAGE = ROOT / "docs" / "how-to" / "own-connectors.md"
BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_walk_through_works_as_it_is_written(tmp_path: Path) -> None:
    command = Command(tmp_path / "home", free_port())
    path = f"{COMMAND.parent}:{os.environ['PATH']}"  # noqa: TID251  (a shell finds the command there)
    with running() as library:
        lines = "".join(BLOCKS.findall(PAGE.read_text(encoding="utf-8"))).replace("http://127.0.0.1:8090", library.url)
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", lines],
            cwd=tmp_path,
            env={**command.env, "PATH": path},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Wrote 4 tools" in done.stdout
    assert "1 connectors, no fault." in done.stdout
    assert "2 connectors, no fault." in done.stdout
    assert library.books["8"]["title"] == "Emma"
    assert [name.name for name in sorted((tmp_path / "mine" / "schemas").iterdir())] == ["acme.yaml", "library.yaml"]


@pytest.mark.parametrize("line", ["python -m docs.examples.library 8090"])
def test_what_the_reader_starts_is_named_on_the_page(line: str) -> None:
    assert line in PAGE.read_text(encoding="utf-8")
