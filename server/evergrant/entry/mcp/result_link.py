"""A link from a result that is not whole to the resource that is."""

from typing import cast

from mcp.server.context import HandlerResult
from mcp.types import CallToolResult, ResourceLink

from evergrant.entry.mcp.client import Context
from evergrant.model.json import Json, at

RESULTS = "evergrant://results/"
MIME = "application/json"
FIRST_WITH_LINKS = "2025-06-18"
"""The version of the protocol that brought links to resources."""


def linked(context: Context, result: HandlerResult) -> HandlerResult:
    """The answer to a call, where it is not the whole of it with a link to that, if the client knows of links."""
    if not isinstance(result, CallToolResult) or result.is_error or context.protocol_version < FIRST_WITH_LINKS:
        return result
    result_id = at(cast("Json", result.structured_content), "/result_id")
    if isinstance(result_id, str):
        result.content.append(
            ResourceLink(name=result_id, uri=f"{RESULTS}{result_id}", mime_type=MIME, description="The whole result.")
        )
    return result
