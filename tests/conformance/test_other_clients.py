"""Clients of others: the Inspector's command line, over each transport, and the TypeScript SDK's, in both eras."""

import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from anyio import to_thread
from mcp.server import Server
from tests.conformance.run import TOOLS
from tests.entry.wires import TOKENS, http_server
from tests.fakes.node_server import installed_node
from tests.fakes.practice import Practice, practice
from tests.fakes.typescript_client import ts_client

from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.entry.socket import listening
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.paths import socket_path
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
INSPECTOR = TOOLS / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
BEARER = next(token for token, who in TOKENS.items() if who.tenant_id == LOCAL_TENANT)
SECONDS = 60


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path / "home") as made:
        await made.connect("acme", "anna")
        yield made


@pytest.fixture
def parts(world: Practice) -> Parts:
    log = structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(0))
    return replace(mcp_parts(world.app, log), hold_s=0.0)


@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_the_typescript_client_lists_and_calls_over_http(parts: Parts, era: str) -> None:
    async with http_server(parts) as url, ts_client(f"{url}/mcp", BEARER, era) as client:
        client.ask(method="list")
        names = cast("list[str]", await client.says("result"))
        client.ask(method="call", name="execute_tool", arguments=SEARCH)
        result = cast("dict[str, Any]", await client.says("result"))

    assert {"execute_tool", "search_tools", "list_accounts"} <= set(names)
    assert result["structuredContent"]["data"]
    assert not result.get("isError")


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_inspector_lists_and_calls_over_http(parts: Parts, tmp_path: Path, era: str) -> None:
    async with http_server(parts) as url:
        headers = {"Authorization": f"Bearer {BEARER}"}
        config = {"type": "streamable-http", "url": f"{url}/mcp", "headers": headers, "protocolEra": era}
        await _lists_and_calls(tmp_path, config)


async def test_the_inspector_lists_and_calls_over_stdio(parts: Parts, world: Practice, tmp_path: Path) -> None:
    home = world.app.settings.home
    server: Server[Any] = make_server(parts, lambda: Principal(LOCAL_TENANT))
    async with listening(socket_path(home), server, parts.log):
        config = {
            "type": "stdio",
            "command": sys.executable,
            "args": ["-m", "evergrant", "mcp"],
            "env": {"EVERGRANT_HOME": str(home)},
        }
        await _lists_and_calls(tmp_path, config)


async def test_the_inspector_shows_a_failure_as_one(parts: Parts, tmp_path: Path) -> None:
    async with http_server(parts) as url:
        config = {"type": "streamable-http", "url": f"{url}/mcp", "headers": {"Authorization": f"Bearer {BEARER}"}}
        code, told = await _inspect(tmp_path, config, **{**CALL, "tool-arg": ["connected_account_id=nobody", *GIVEN]})

    assert code != 0
    assert "not_found" in told


SEARCH: JsonObject = {"connected_account_id": "acme", "tool_name": "sandbox_search_contacts", "tool_input": {}}
GIVEN = ["tool_name=sandbox_search_contacts", "tool_input={}"]
CALL: dict[str, str | list[str]] = {"method": "tools/call", "tool-name": "execute_tool"}


async def _lists_and_calls(folder: Path, config: Mapping[str, object]) -> None:
    code, listed = await _inspect(folder, config, method="tools/list")
    assert code == 0, listed
    assert {"execute_tool", "search_tools"} <= {tool["name"] for tool in json.loads(listed)["result"]["tools"]}

    code, called = await _inspect(folder, config, **{**CALL, "tool-arg": ["connected_account_id=acme", *GIVEN]})
    assert code == 0, called
    assert json.loads(called)["result"]["structuredContent"]["data"]


async def _inspect(folder: Path, config: Mapping[str, object], **flags: str | list[str]) -> tuple[int, str]:
    """The exit code of the Inspector's command line, and what it printed."""
    file = folder / "inspector.json"
    file.write_text(json.dumps({"mcpServers": {"ours": config}}))
    arguments = ["--cli", "--config", str(file), "--server", "ours", "--format", "json"]
    for name, value in flags.items():
        arguments += [part for each in ([value] if isinstance(value, str) else value) for part in (f"--{name}", each)]
    return await to_thread.run_sync(lambda: _run(folder, arguments))


def _run(folder: Path, arguments: list[str]) -> tuple[int, str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "MCP_INSPECTOR_SECRET_STORE": "memory"}
    command = [installed_node(), str(INSPECTOR), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment, cwd=folder
    )
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr
