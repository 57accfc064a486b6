"""Write the JSON Schemas of connector and tool files, which editors use; `--check` says whether they are current."""

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from evergrant.catalog.connector import Connector
from evergrant.catalog.tool import Tool, ToolName
from generated import main

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


if __name__ == "__main__":
    sys.exit(main("scripts/schemas.py", __doc__, FOLDER, schemas))
