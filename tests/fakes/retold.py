"""The sandbox's tools, told otherwise: for what its own have no need of."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from evergrant.model.json import Json, JsonObject

ROOT = Path(__file__).parents[2]


def retold_tools(folder: Path, changes: Mapping[str, JsonObject]) -> Path:
    """A folder with the sandbox's connector, members of its tools changed; None takes one away."""
    for kind in ("connectors", "schemas"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    connector = (ROOT / "connectors" / "sandbox.yaml").read_text(encoding="utf-8")
    (folder / "connectors" / "sandbox.yaml").write_text(connector, encoding="utf-8")
    tools = yaml.safe_load((ROOT / "schemas" / "sandbox.yaml").read_text(encoding="utf-8"))
    for name, members in changes.items():
        told: dict[str, Json] = {**tools[name], **members}
        tools[name] = {key: value for key, value in told.items() if value is not None}
    (folder / "schemas" / "sandbox.yaml").write_text(yaml.safe_dump(tools), encoding="utf-8")
    return folder
