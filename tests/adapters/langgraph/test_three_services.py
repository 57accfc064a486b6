"""A LangGraph agent with a model that is a script: three services across token expiries, and a dead grant."""

import asyncio

import anyio.lowlevel
import pytest
from tests.adapters.langgraph.graphs import thread
from tests.adapters.scripted.langgraph import graph
from tests.fakes.three_services import Script, ThreeServices

from evergrant.adapters.langgraph import Resumer, Waiting

pytestmark = pytest.mark.anyio


async def test_a_run_over_three_services_outlives_their_tokens(services: ThreeServices) -> None:
    script = Script(services)
    run = await graph(services, script)
    await run.ainvoke({"messages": []}, thread("night"), durability="sync")
    script.check_quiet()


async def test_a_run_that_a_dead_grant_interrupted_goes_on_after_the_reconnect(services: ThreeServices) -> None:
    waits: list[Waiting] = []
    script = Script(services, before=lambda turn: services.revoke() if turn == 3 else None)
    run = await graph(services, script)
    async with Resumer(run, services.client, ask=waits.append) as resumer:
        working = asyncio.create_task(resumer.complete("night", {"messages": []}))
        while not waits:
            await anyio.lowlevel.checkpoint()
        await services.come_back()
        values = await working
    assert values["messages"][-1].content == "Done."
    script.check()
