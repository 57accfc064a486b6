"""With many accounts no request reads more of the database than with few."""

from pathlib import Path

import pytest
from mcp import Client
from tests.entry.wires import over_memory
from tests.fakes.many import many_accounts
from tests.fakes.practice import Practice
from tests.fakes.steps import Steps, counted

from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject

pytestmark = pytest.mark.anyio
READ = "sandbox_search_contacts"
REQUESTS: tuple[tuple[str, JsonObject], ...] = (
    (READ, {"account": "acme"}),
    (READ, {}),
    (READ, {"account": "nobody"}),
    ("execute_tool", {"connected_account_id": "acme", "tool_name": READ, "tool_input": {}}),
    ("search_tools", {"query": "find contacts"}),
    ("describe_tools", {"names": [READ]}),
)
FEW, MANY = 40, 2_000
GROWS = 1.02
"""Of a page of an index more or less."""


async def steps_of(client: Client, steps: Steps) -> dict[str, int]:
    """What each request costs the second time, when everything that is made once is made."""
    costs = dict[str, int]()
    for _ in range(2):
        steps.since()
        await client.session.list_tools()
        costs["list"] = steps.since()
        for name, arguments in REQUESTS:
            await client.call_tool(name, dict(arguments))
            costs[f"{name} {arguments}"] = steps.since()
    return costs


async def test_no_request_reads_more_where_there_are_more_accounts(
    naming: Parts, world: Practice, account: ConnectedAccount
) -> None:
    with counted(world.app.vault.database) as steps:
        async with over_memory(naming, Path(), "2026-07-28") as client:
            await many_accounts(world, account, FEW)
            few = await steps_of(client, steps)
            await many_accounts(world, account, MANY, begin=FEW)
            many = await steps_of(client, steps)

    assert all(few.values())
    assert not {name: (few[name], cost) for name, cost in many.items() if cost > few[name] * GROWS}
