"""What a person has given to a registration that is not done yet, but for secrets: those go to the vault at once."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class Draft(BaseModel):
    """How far a person has come."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    redirect_uri: str
    """As it was shown, whatever the settings say by now."""
    done: int = 0
    """How many steps."""
    client_id: str | None = None
    stored: bool = False
    """Whether the client is in the vault."""
    values: Mapping[str, str] = {}
    """What the service asks, as it was answered."""

    def having(self, **changes: object) -> "Draft":
        """The same with changes."""
        return self.model_copy(update=changes)


class Drafts:
    """One file for each connector, readable by the owner only."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "run"

    def find(self, connector: str) -> Draft | None:
        """What was kept; None also where it cannot be read."""
        try:
            return Draft.model_validate_json(self._file(connector).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, connector: str, draft: Draft) -> None:
        """Write it, in place of a former one."""
        file = self._file(connector)
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(draft.model_dump_json(), encoding="utf-8")
        new.replace(file)

    def forget(self, connector: str) -> None:
        """The account is connected."""
        self._file(connector).unlink(missing_ok=True)

    def _file(self, connector: str) -> Path:
        return self._folder / f"connecting-{connector}.json"
