"""Files that are made from what the program says of itself, and whether those in the repository are current."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

Made = Callable[[], Mapping[str, str]]
"""Name and text of each file."""


def main(script: str, about: str | None, folder: Path, made: Made) -> int:
    """Write the files into the folder; with `--check` write nothing, and return 1 where one is stale."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is stale")
    return _check(script, folder, made()) if parser.parse_args().check else _write(folder, made())


def _check(script: str, folder: Path, files: Mapping[str, str]) -> int:
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{name} is stale: run {script}")
            return 1
    return 0


def _write(folder: Path, files: Mapping[str, str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0
