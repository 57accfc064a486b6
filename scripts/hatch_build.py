"""Puts `connectors/`, `schemas/` and the tested versions inside the wheel's package.

Only for a standard wheel: an editable install reads them from the checkout, so that edits are seen at once.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataFolders(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            data = ("connectors", "schemas", "constraints.txt")
            build_data["force_include"] |= {name: f"evergrant/{name}" for name in data}
