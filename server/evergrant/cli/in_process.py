"""Serving one client on stdin and stdout: what `evergrant mcp --in-process` runs. It starts without what HTTP needs."""

from structlog.typing import FilteringBoundLogger

from evergrant.app import App
from evergrant.cli.jobs import jobs
from evergrant.cli.settling import settle
from evergrant.entry.mcp.server import make_server
from evergrant.entry.mcp.stream import serve_stdio
from evergrant.parts import local_principal, mcp_parts


async def in_process(app: App, log: FilteringBoundLogger) -> None:
    """One MCP session on this process's stdin and stdout, with the jobs running beside it."""
    async with jobs(app, log):
        server = make_server(mcp_parts(app, log), lambda: local_principal(app))
        settle()
        await serve_stdio(server)
