"""What is compared with: a low-level server of the MCP SDK whose one tool sends the same request with a fixed token.

`python -m tests.bench.calls.bare ORIGIN` serves stdio, with a port after it streamable HTTP.
"""

import asyncio
import sys
from typing import Any

import httpx2
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent, Tool
from tests.bench.calls.provider import TOKEN

QUERY = {"query": "bakery", "limit": "20"}
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"query": {"type": "string"}}}
TOOL = Tool(name="search_contacts", description="Search the contacts.", input_schema=SCHEMA)


def _server(http: httpx2.AsyncClient) -> Server[Any]:
    async def list_tools(*_: object) -> ListToolsResult:
        return ListToolsResult(tools=[TOOL])

    async def call_tool(_: object, params: CallToolRequestParams) -> CallToolResult:
        asked = {**QUERY, **(params.arguments or {})}
        response = await http.get("/crm/contacts", params=asked, headers={"Authorization": f"Bearer {TOKEN}"})
        response.raise_for_status()
        return CallToolResult(content=[TextContent(text=response.text)], structured_content=response.json())

    return Server(
        "bare",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=lambda _name: SCHEMA,
    )


async def _stdio(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _http(server: Server[Any], port: int) -> None:
    import uvicorn  # noqa: PLC0415  (not of what a server on stdio imports)

    app = server.streamable_http_app()
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, server_header=False)
    await uvicorn.Server(config).serve()


async def _main(origin: str, *port: str) -> None:
    async with httpx2.AsyncClient(base_url=origin) as http:
        server = _server(http)
        await (_http(server, int(port[0])) if port else _stdio(server))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
