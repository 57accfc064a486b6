"""Whether MCP clients start this command for this vault."""

import os
from dataclasses import dataclass
from pathlib import Path

from evergrant.doctor.finding import Finding, note, ok, problem, warning
from evergrant.model.json import JsonObject, text_at


@dataclass(frozen=True, slots=True)
class ClientFile:
    """The configuration file of one MCP client, and what it says of us."""

    name: str
    """As `evergrant install` calls it."""
    title: str
    path: Path
    entry: JsonObject | None = None
    """None where it says nothing."""
    fault: str | None = None
    """Why the file cannot be understood."""


def client(file: ClientFile, command: str, home: Path, usual_home: Path) -> Finding:
    """`command` and `home` are ours; an entry that names no home means the usual one."""
    install = f"evergrant install {file.name}"
    if file.fault is not None:
        return problem(file.title, f"{file.path} cannot be read: {file.fault}.", f"Correct that place, then: {install}")
    if file.entry is None:
        return note(file.title, "It has not been told of Evergrant.", f"Where you use it: {install}")
    if text_at(file.entry, "/url"):
        return note(file.title, "It reaches Evergrant over HTTP, with the bearer that evergrant token prints.")
    theirs, named = text_at(file.entry, "/command") or "", text_at(file.entry, "/env/EVERGRANT_HOME")
    if not os.access(theirs, os.X_OK):
        return problem(file.title, f"It would start {theirs!r}, which is no program.", f"Tell it anew: {install}")
    if (theirs, Path(named) if named else usual_home) == (command, home):
        return ok(file.title, "It starts this command for this vault.")
    return warning(
        file.title,
        f"It starts {theirs} for the vault in {named or usual_home}; this is {command} for the one in {home}.",
        f"If that is not meant: {install}",
    )
