"""A call that a person must approve interrupts its graph, which goes on when they have decided."""

import asyncio

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from tests.adapters.langgraph.graphs import Plan, account_of, come_back, one_node, plan
from tests.fakes.practice import START, Practice
from tests.fakes.sdk import client_of
from tests.service.approving import DELETE, ONE, contacts
from typing_extensions import override

from evergrant import Evergrant
from evergrant.adapters.langgraph import Resumer, Waiting, call_tool, waiting
from evergrant.adapters.langgraph.waiting import Graph
from evergrant.demo.clock import VirtualClock
from evergrant.sdk.errors import CallCancelled
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


def deleting(client: Evergrant) -> Graph:
    async def node(_: Plan) -> dict[str, list[str]]:
        result = await call_tool(client, connected_account_id="anna", tool_name=DELETE, tool_input=ONE)
        return {"done": [result.label]}

    return one_node(node, InMemorySaver())


async def decide(world: Practice, call_id: str, *, yes: bool) -> None:
    approvals = world.app.held_calls.approvals
    assert await (approvals.approve if yes else approvals.refuse)(LOCAL_TENANT, call_id, "Ada")


async def test_a_thread_goes_on_when_its_call_is_approved_and_again_when_its_account_is_back(world: Practice) -> None:
    asked: list[Waiting] = []
    async with client_of(world, VirtualClock(START)) as client:
        graph, clock = deleting(client), VirtualClock(START)
        async with Resumer(graph, client, ask=asked.append, clock=clock) as resumer:
            run = asyncio.create_task(resumer.complete("t", plan()))
            while not asked:
                await clock.sleep(1)
            (waits,) = await waiting(graph)
            assert waits.call_id
            assert world.sandbox.count.writes == 0
            world.sandbox.revoke(user="anna")
            await decide(world, waits.call_id, yes=True)
            while len(asked) == 1:
                await clock.sleep(1)
            await come_back(world, "anna")
            values = await run

    assert (asked[0], asked[0].for_approval, asked[0].account) == (waits, True, account_of(world, "anna").id)
    assert (waits.said["tool"], waits.said["effect"]) == (DELETE, "destroy")
    assert "/approve/" in str(waits.said["approval_url"])
    assert (asked[1].for_approval, asked[1].call_id) == (False, waits.call_id)
    assert asked[1].said["reauth_url"]
    assert values["done"] == ["anna@example.test"]
    assert ONE["contact_id"] not in contacts(world)
    assert world.sandbox.count.writes == 1


class Stopped(VirtualClock):
    """A clock on which no wait ends."""

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


async def test_a_thread_goes_on_by_the_event_of_the_decision(world: Practice) -> None:
    asked: list[Waiting] = []
    async with client_of(world, VirtualClock(START)) as client:
        clock = VirtualClock(START)
        async with Resumer(deleting(client), client, ask=asked.append, clock=Stopped(START)) as resumer:
            run = asyncio.create_task(resumer.complete("t", plan()))
            while not asked:
                await clock.sleep(1)
            await decide(world, asked[0].call_id or "", yes=True)
            async with asyncio.timeout(20):
                values = await run

    assert values["done"] == ["anna@example.test"]
    assert world.sandbox.count.writes == 1


async def test_a_call_that_is_refused_fails_its_step(world: Practice) -> None:
    asked: list[Waiting] = []
    async with client_of(world, VirtualClock(START)) as client:
        clock = VirtualClock(START)
        async with Resumer(deleting(client), client, ask=asked.append, clock=clock) as resumer:
            run = asyncio.create_task(resumer.complete("t", plan()))
            while not asked:
                await clock.sleep(1)
            await decide(world, asked[0].call_id or "", yes=False)
            with pytest.raises(CallCancelled):
                await run
    assert world.sandbox.count.writes == 0
