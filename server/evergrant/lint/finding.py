"""What is wrong with a connector's files: where, what, and what to do about it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.catalog.reading import Loc, line_of
from evergrant.catalog.tool import Tool


@dataclass(frozen=True, slots=True)
class Fault:
    """One breach of a rule, at a place in a file."""

    rule: str
    at: Loc
    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault with the file and line at which it stands."""

    path: Path
    line: int
    fault: Fault

    def __str__(self) -> str:
        place = ".".join(map(str, self.fault.at))
        return f"{self.path}:{self.line}: {place}: {self.fault.what} {self.fault.do} [{self.fault.rule}]"


@dataclass(frozen=True, slots=True)
class Subject:
    """A connector as the rules see it."""

    name: str
    connector: Connector
    tools: Mapping[str, Tool]


def located(catalog: Catalog, subject: Subject, faults: Iterable[Fault]) -> Iterator[Finding]:
    """Each fault in the file that its place begins in: a tool's name means the tools' file."""
    for fault in faults:
        of_tool = bool(fault.at) and fault.at[0] in subject.tools
        path = catalog.tools_file(subject.name) if of_tool else catalog.connector_file(subject.name)
        yield Finding(path, line_of(path, fault.at), fault)
