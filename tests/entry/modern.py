"""Requests of 2026-07-28 by hand, for what the SDK's client does not send."""

from collections.abc import Mapping
from typing import Any

VERSION = "2026-07-28"
META = "io.modelcontextprotocol/"


def modern(
    method: str,
    params: Mapping[str, object],
    name: str,
    can: Mapping[str, object],
    *,
    bearer: str = "the local token",
) -> dict[str, Any]:
    """The arguments of an HTTP client's `post`; `can` are the capabilities, `name` is the routing header's."""
    meta = {f"{META}protocolVersion": VERSION, f"{META}clientCapabilities": can}
    return {
        "json": {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}},
        "headers": {
            "Authorization": f"Bearer {bearer}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": VERSION,
            "Mcp-Method": method,
            "Mcp-Name": name,
        },
    }
