"""A declared tool as clients see it."""

from mcp.types import Tool as WireTool
from mcp.types import ToolAnnotations

from evergrant.catalog.tool import Tool
from evergrant.entry.mcp import envelope
from evergrant.entry.mcp.icons import service_icon

ACCOUNT, ACCOUNT_WHERE_TAKEN = "account", "connected_account_id"


def wire_tool(connector: str, title: str, name: str, tool: Tool) -> WireTool:
    """A tool of a connector that people know as `title`; an argument of its own says which account."""
    schema = tool.input_schema
    which = {
        "type": "string",
        "description": f"Id or alias from list_accounts. Needed when more than one {title} account is connected.",
    }
    return WireTool(
        name=name,
        title=f"{title}: {name.removeprefix(f'{connector}_').replace('_', ' ')}",
        description=tool.description,
        input_schema={**schema, "properties": {**tool.inputs, account_argument(tool): which}},
        output_schema=envelope.schema((tool.output_schema or {}) if tool.form else {}),
        annotations=annotations(tool),
        icons=[service_icon(title)],
    )


def account_argument(tool: Tool) -> str:
    """The name of the argument that says which account: where the tool has an input of that name, another one."""
    return ACCOUNT_WHERE_TAKEN if ACCOUNT in tool.inputs else ACCOUNT


def annotations(tool: Tool) -> ToolAnnotations:
    """The hints that follow from a tool's effect."""
    return ToolAnnotations(
        read_only_hint=tool.effect == "read",
        destructive_hint=tool.effect == "destroy",
        idempotent_hint=tool.idempotent or tool.effect == "read",
        open_world_hint=True,
    )
