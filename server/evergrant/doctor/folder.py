"""Whether the vault's folder lies on a network or is kept in step with another machine by a sync program."""

from collections.abc import Callable
from pathlib import Path

from evergrant.doctor.finding import Finding, note, ok, problem

CHECK = "folder"

WhyNot = Callable[[Path], str | None]
"""Why a vault must not lie in a folder; None where it may."""


def folder(home: Path, why_not: WhyNot | None) -> Finding:
    """`why_not` None: this version cannot tell."""
    if why_not is None:
        return note(
            CHECK,
            f"Whether {home} lies on a network or in a synced folder is not looked at by this version.",
            "See for yourself: df -T " + str(home),
        )
    if reason := why_not(home):
        return problem(
            CHECK, reason, f"Stop the server, move the folder to a local disk, and set EVERGRANT_HOME: mv {home} ..."
        )
    return ok(CHECK, f"{home} lies on a disk of this machine.")
