"""What one check found, how bad that is, and what to do; and the wall that makes a finding of a check that fails."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from evergrant.model.json import Json
from evergrant.store.database import StoreUnavailable
from evergrant.vault.ring import KeyUnavailable

Level = Literal["ok", "note", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; neither text holds a secret, or more of a person than `evergrant accounts list` shows."""

    check: str
    level: Level
    what: str
    what_to_do: str | None = None
    """With the command to run; every warning and every problem has it."""

    def as_json(self) -> Mapping[str, Json]:
        """As `--json` prints it."""
        return asdict(self)


def ok(check: str, what: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", what)


def note(check: str, what: str, what_to_do: str | None = None) -> Finding:
    """Worth knowing; nothing needs to be done."""
    return Finding(check, "note", what, what_to_do)


def warning(check: str, what: str, what_to_do: str) -> Finding:
    """It works, and may not for long."""
    return Finding(check, "warning", what, what_to_do)


def problem(check: str, what: str, what_to_do: str) -> Finding:
    """Something does not work."""
    return Finding(check, "problem", what, what_to_do)


def walled(check: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a check finds; where the check itself fails, that as a finding, so that the others go on."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except (StoreUnavailable, KeyUnavailable) as error:
        found.append(problem(check, str(error), "Put that right, then: evergrant doctor"))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        text = f"It could not be looked at: {where}{error.strerror or error}."
        found.append(problem(check, text, "Look at whose it is (ls -l), and run as that user: evergrant doctor"))
    except Exception as error:  # noqa: BLE001  (a doctor that falls ill says so and goes on)
        text = f"The check itself failed ({type(error).__name__})."
        found.append(problem(check, text, "Report it, with the output of: evergrant doctor --json"))
    return found
