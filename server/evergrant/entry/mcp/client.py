"""What the client of the request in hand can do, as it declared it for this request or in its handshake."""

from typing import Any

from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.types import ClientCapabilities
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

TASKS = "io.modelcontextprotocol/tasks"
"""The tasks extension (SEP-2663)."""

Context = ServerRequestContext[Any, Any]


def is_modern(context: Context) -> bool:
    """Whether the client speaks 2026-07-28 or newer: no session, nothing is asked of it but in a result."""
    return context.protocol_version in MODERN_PROTOCOL_VERSIONS


def takes_tasks(context: Context) -> bool:
    """Whether a task may be the answer: never without the client's word on this very request."""
    return is_modern(context) and TASKS in (_capabilities(context).extensions or {})


def opens_urls(context: Context) -> bool:
    """Whether the client shows a person an address and asks for consent; several declare forms alone."""
    elicitation = _capabilities(context).elicitation
    return elicitation is not None and elicitation.url is not None


def takes_forms(context: Context) -> bool:
    """Whether the client shows a person a form; those of before 2025-11-25 declare nothing but elicitation."""
    elicitation = _capabilities(context).elicitation
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def connection_of(context: Context) -> Connection:
    """What the session lives and ends with; the SDK keeps it to itself, and no list of its sessions."""
    connection: Connection = context.session._connection  # pyright: ignore[reportPrivateUsage]
    return connection


def _capabilities(context: Context) -> ClientCapabilities:
    return context.session.client_capabilities or ClientCapabilities()
