"""Whether what was made is what it should be: it loads, and the lint finds nothing. Asked before it is written."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.reading import read
from evergrant.lint.run import lint
from evergrant.making.document import BadDocument
from evergrant.making.files import Files
from evergrant.model.json import Json

NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
LONGEST = 24
"""Characters of a connector's name, so that its tools have room for theirs."""


def check_name(name: str, shipped: Path) -> None:
    """Raises BadDocument for a name that no connector of one's own can have."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        what = f"{name!r} cannot name a connector: small letters and digits, joined by _, at most {LONGEST}"
        raise BadDocument(f"{what}. Choose another, such as acme.")
    if (shipped / "connectors" / f"{name}.yaml").exists():
        raise BadDocument(
            f"{name} comes with Evergrant, and yours would take its place. Choose another, such as my_{name}."
        )


def found_wrong(files: Files, shipped: Path) -> list[str]:
    """What the lint would say of them in a folder of their own."""
    with TemporaryDirectory() as folder:
        files.write(Path(folder))
        return list(lint(Catalog([shipped, Path(folder)], lenient=True), (files.name,)))


def google(shipped: Path) -> dict[str, Json]:
    """The keys of the connector that all of Google's extend."""
    return read(shipped / "connectors" / "google.yaml")


def where(given: Path | None, configured: Sequence[Path] | Collection[Path]) -> Path:
    """The folder that is meant: the one that is named, else the only one that is set, else this one."""
    if given is not None:
        return given.expanduser()
    return next(iter(configured)) if len(configured) == 1 else Path()
