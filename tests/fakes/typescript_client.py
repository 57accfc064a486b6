"""An MCP client on the official TypeScript SDK, in a process of its own."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.fakes.node_server import installed_node

from evergrant.model.json import Json, JsonObject

CLIENT = Path(__file__).parent / "ts_client" / "client.mjs"
LONGEST_LINE = 4 * 1024 * 1024
MOST_SECONDS = 60.0


@dataclass(frozen=True)
class TsClient:
    """Takes one request at a time; what it says comes line by line, an elicitation before the result it is part of."""

    process: asyncio.subprocess.Process

    def ask(self, **request: Json) -> None:
        """Send it a request: `method="list"`, or `method="call"` with `name` and `arguments`."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(request).encode() + b"\n")

    async def says(self, what: str) -> Json:
        """What its next line says under that name; raises AssertionError where it says something else."""
        assert self.process.stdout
        async with asyncio.timeout(MOST_SECONDS):
            line = await self.process.stdout.readline()
        assert line, "the client has ended; its messages are on standard error"
        said = cast("JsonObject", json.loads(line))
        assert what in said, said
        return said[what]


@asynccontextmanager
async def ts_client(url: str, bearer: str, era: str) -> AsyncGenerator[TsClient]:
    """A client that is connected to the MCP endpoint at `url`; `era` is a protocol version, or "legacy"."""
    given = json.dumps({"url": url, "bearer": bearer, "era": era})
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(installed_node), CLIENT, given, stdin=pipe, stdout=pipe, limit=LONGEST_LINE
    )
    try:
        client = TsClient(process)
        await client.says("result")
        yield client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
