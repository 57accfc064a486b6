"""docs/how-to/python.md, block by block, as it stands there."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.pages import HUBSPOT, Served, blocks, run, served

from evergrant import Evergrant, ToolResult
from evergrant.model.link import Link

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Served]:
    async with served(tmp_path, monkeypatch.setenv) as made:
        yield made


async def test_every_block_does_what_the_page_says(server: Served) -> None:
    people: list[asyncio.Task[None]] = []
    each = iter([("acme", HUBSPOT.user), ("globex", "ben")])

    def send_to_person(url: str, code: str) -> None:
        people.append(asyncio.create_task(server.follow(Link(url, code), *next(each))))

    origin = server.account.values["origin"]
    names: dict[str, object] = {"send_to_person": send_to_person, "origin": origin}
    for block in blocks("python.md"):
        if "ReauthRequired" in block:
            server.revoke()
        await run(block, names)
    await asyncio.gather(*people)
    assert len(people) == 2
    assert server.sandbox.book(HUBSPOT.user).rows == [["written once"]]


ARTICLE = """
# The model receives these schemas as the list of its tools.
tools = await evergrant.get_tools(connected_account_id=connected_account_id)
# A call needs no token, no header and no vendor's client.
result = await evergrant.execute_tool(
    connected_account_id=connected_account_id,
    tool_name="hubspot_search_contacts",
    tool_input={"query": "company:Acme dealstage:closedwon"}
)
"""
"""The agent's loop as it is written for a hosted service: only the client's name is another."""


async def test_the_loop_of_a_hosted_service_runs_with_our_client_in_its_place(server: Served) -> None:
    async with Evergrant() as client:
        names: dict[str, object] = {"evergrant": client, "connected_account_id": server.account.id}
        await run(ARTICLE, names)
    tools, result = names["tools"], names["result"]
    assert "'name': 'hubspot_search_contacts'" in str(tools)
    assert isinstance(result, ToolResult)
    assert result.note == f"The query ran as {server.account.label} and matched nothing."
