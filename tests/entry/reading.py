"""Reading results as a model does."""

from mcp.types import CallToolResult, TextContent


def said(result: CallToolResult) -> str:
    """The text of a result of one text block."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text
