"""Whether the vault's folder lies on a network or is kept in step with another machine by a sync program."""

import shlex
from collections.abc import Callable
from pathlib import Path

from evergrant.doctor.finding import Finding, ok, problem

CHECK = "folder"
ELSEWHERE = "/a/folder/on/a/local/disk"

WhyNot = Callable[[Path], str | None]
"""Why a vault must not lie in a folder; None where it may."""


def folder(home: Path, why_not: WhyNot) -> Finding:
    """Where the vault lies, or would."""
    if reason := why_not(home):
        move = f"mv {shlex.quote(str(home))} {ELSEWHERE} && export EVERGRANT_HOME={ELSEWHERE}"
        return problem(CHECK, reason, f"Stop every Evergrant of this vault, then: {move} && evergrant status")
    return ok(CHECK, f"{home} lies on a disk of this machine, in no folder that is known to be synced.")
