"""Write the JSON Schemas of connector and tool files, which editors use; `--check` says whether they are current."""

import argparse
import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from evergrant.catalog.connector import Connector
from evergrant.catalog.tool import Tool, ToolName

FOLDER = Path(__file__).parents[1] / "schemas" / "meta"


def schemas() -> dict[str, str]:
    """File name and text of each schema."""
    connector = TypeAdapter(Connector).json_schema()
    # In a file these come from the parent where `extends` names one.
    connector["properties"]["extends"] = {"type": "string", "description": "A connector whose keys this one inherits."}
    connector["anyOf"] = [{"required": connector.pop("required")}, {"required": ["extends"]}]
    tools = TypeAdapter(dict[ToolName, Tool]).json_schema()
    # A passthrough implies the rest.
    tool = tools["$defs"]["Tool"]
    tool["anyOf"] = [{"required": tool.pop("required")}, {"required": ["description", "passthrough", "example"]}]
    named = {"connector.schema.json": connector, "tools.schema.json": tools}
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in named.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is stale")
    check = parser.parse_args().check
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        path = FOLDER / name
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            print(f"{path.name} is stale: run scripts/schemas.py")
            return 1
        if not check:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
