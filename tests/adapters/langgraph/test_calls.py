"""A call in a node is made once, though LangGraph runs the node again from its start after an interrupt."""

from collections.abc import Callable

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from tests.adapters.langgraph.graphs import (
    Plan,
    Saver,
    account_of,
    append,
    asked,
    come_back,
    one_after_another,
    one_node,
    plan,
    rows,
    side_by_side,
    thread,
    tool_node,
)
from tests.fakes.practice import Practice

from evergrant import Evergrant
from evergrant.adapters.langgraph import langchain_tools, waiting
from evergrant.adapters.langgraph.calls import ReplayedOutOfOrder
from evergrant.adapters.langgraph.waiting import Graph
from evergrant.sdk.errors import NotFound
from evergrant.vault.held_calls import KEPT

pytestmark = pytest.mark.anyio
Build = Callable[[Evergrant, Saver], Graph]
IN_PARALLEL_AND_IN_TURN = pytest.mark.parametrize("build", [side_by_side, one_after_another])


@IN_PARALLEL_AND_IN_TURN
async def test_of_two_calls_the_one_with_the_dead_grant_waits_and_the_other_is_made_once(
    world: Practice, client: Evergrant, build: Build
) -> None:
    graph = build(client, InMemorySaver())
    world.sandbox.revoke(user="maya")
    await graph.ainvoke(plan(("anna", "first"), ("maya", "second")), thread("t"), durability="sync")
    assert rows(world) == {"anna": ["first"], "maya": []}
    (waits,) = await waiting(graph)
    assert (waits.account, waits.said["cause"]) == (account_of(world, "maya").id, "revoked")
    assert (waits.said["service"], waits.said["tool"]) == ("sandbox", "sandbox_append_row")
    assert waits.said["reauth_url"]
    assert waits.said["what_to_do"]
    assert waits.call_id

    await graph.ainvoke(Command(resume={waits.interrupt_id: None}), thread("t"), durability="sync")
    (still,) = await waiting(graph)
    assert still.call_id == waits.call_id

    await come_back(world, "maya")
    await graph.ainvoke(Command(resume={still.interrupt_id: None}), thread("t"), durability="sync")
    assert await waiting(graph) == []
    assert rows(world) == {"anna": ["first"], "maya": ["second"]}
    state = await graph.aget_state(thread("t"))
    assert state.values["done"] == ["first as anna@example.test", "second as maya@example.test"]


async def test_a_tool_node_with_two_calls_at_once_makes_each_once(world: Practice, client: Evergrant) -> None:
    graph = await tool_node(client, InMemorySaver(), ["anna", "maya"])
    world.sandbox.revoke(user="maya")
    steps = plan(("maya", "second"), ("anna", "first"))["steps"]
    await graph.ainvoke(asked(steps), thread("t"), durability="sync")
    (waits,) = await waiting(graph)
    assert rows(world) == {"anna": ["first"], "maya": []}
    await come_back(world, "maya")
    await graph.ainvoke(Command(resume={waits.interrupt_id: None}), thread("t"), durability="sync")
    assert rows(world) == {"anna": ["first"], "maya": ["second"]}
    texts = [message.content for message in (await graph.aget_state(thread("t"))).values["messages"][1:]]
    assert [text.split('"as": "')[1].split("@")[0] for text in texts] == ["maya", "anna"]


async def test_a_tool_tells_a_model_in_words_what_is_wrong(world: Practice, client: Evergrant) -> None:
    graph = await tool_node(client, InMemorySaver(), ["anna"])
    await graph.ainvoke(asked([{"account": "anna", "cell": ""}], cells=0), thread("t"), durability="sync")
    (answer,) = (await graph.aget_state(thread("t"))).values["messages"][1:]
    assert answer.status == "error"
    assert answer.content.startswith("invalid_input: ")


async def test_a_call_that_was_given_up_is_made_anew(world: Practice, client: Evergrant) -> None:
    """Who is away for longer than a call is kept finds the step undone, not lost."""
    graph = one_after_another(client, InMemorySaver())
    world.sandbox.revoke(user="maya")
    await graph.ainvoke(plan(("anna", "first"), ("maya", "second")), thread("t"), durability="sync")
    (waits,) = await waiting(graph)
    world.clock.advance(KEPT.total_seconds() + 1)
    await come_back(world, "maya")
    await graph.ainvoke(Command(resume={waits.interrupt_id: None}), thread("t"), durability="sync")
    assert rows(world) == {"anna": ["first"], "maya": ["second"]}


async def test_after_a_failure_only_the_call_that_failed_is_made_again(world: Practice, client: Evergrant) -> None:
    graph = one_after_another(client, InMemorySaver())
    maya = account_of(world, "maya")
    await world.app.desk.rename(maya.key, "moved")
    with pytest.raises(NotFound):
        await graph.ainvoke(plan(("anna", "first"), ("maya", "second")), thread("t"), durability="sync")
    await world.app.desk.rename(maya.key, "maya")
    await graph.ainvoke(None, thread("t"), durability="sync")
    assert rows(world) == {"anna": ["first"], "maya": ["second"]}


async def test_calls_that_were_made_in_another_order_are_not_taken_for_each_other(
    world: Practice, client: Evergrant
) -> None:
    """A node that is not the same at each run is refused rather than given another call's result."""
    steps = iter([("anna", "first"), ("maya", "second"), ("maya", "second"), ("anna", "first")])

    async def fickle(_: Plan) -> dict[str, list[str]]:
        pairs = [next(steps), next(steps)]
        return {"done": [await append(client, {"account": account, "cell": cell}) for account, cell in pairs]}

    graph = one_node(fickle, InMemorySaver())
    world.sandbox.revoke(user="maya")
    await graph.ainvoke(plan(), thread("t"), durability="sync")
    (waits,) = await waiting(graph)
    with pytest.raises(ReplayedOutOfOrder):
        await graph.ainvoke(Command(resume={waits.interrupt_id: None}), thread("t"), durability="sync")
    assert rows(world) == {"anna": ["first"], "maya": []}


@pytest.mark.parametrize("name", ["config", "run_manager", "self"])
async def test_no_input_of_a_tool_is_taken_for_one_of_the_frameworks_own(
    world: Practice, client: Evergrant, name: str
) -> None:
    """A connector of one's own may have one of that name; the sandbox's tool has none, and says so."""
    (tool,) = await langchain_tools(client, "anna", tool_names=["sandbox_append_row"])

    async def node(_: Plan) -> dict[str, list[str]]:
        return {"done": [await tool.ainvoke({"row": ["first"], name: "x"})]}

    state = await one_node(node, InMemorySaver()).ainvoke(plan(), thread("t"), durability="sync")

    assert "invalid_input" in str(state)
    assert rows(world)["anna"] == []
