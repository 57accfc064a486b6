"""Graphs whose steps append rows, in the ways that people build them."""
# LangGraph leaves type arguments of its own open in the signatures of its builder:
# pyright: reportUnknownMemberType=false

from collections.abc import Awaitable, Callable, Sequence
from operator import add
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, ToolCall
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import Send
from tests.fakes.practice import Practice
from tests.fakes.sdk import reconnect
from typing_extensions import TypedDict

from evergrant import Evergrant
from evergrant.adapters.langgraph import call_tool, langchain_tools
from evergrant.adapters.langgraph.waiting import Graph
from evergrant.model.account import ConnectedAccount
from evergrant.settings import LOCAL_TENANT

Saver = BaseCheckpointSaver[Any]


class Step(TypedDict):
    """One row to append, as one account."""

    account: str
    cell: str


class Plan(TypedDict):
    steps: Sequence[Step]
    done: Annotated[list[str], add]


async def append(client: Evergrant, step: Step) -> str:
    result = await call_tool(
        client,
        connected_account_id=step["account"],
        tool_name="sandbox_append_row",
        tool_input={"row": [step["cell"]]},
    )
    return f"{step['cell']} as {result.label}"


def side_by_side(client: Evergrant, saver: Saver) -> Graph:
    """Each step is a run of the node of its own."""

    async def one(state: Step) -> dict[str, list[str]]:
        return {"done": [await append(client, state)]}

    def fan_out(plan: Plan) -> list[Send]:
        return [Send("one", step) for step in plan["steps"]]

    graph = StateGraph(Plan)
    graph.add_node("one", one)
    graph.add_conditional_edges(START, fan_out)
    graph.add_edge("one", END)
    return graph.compile(checkpointer=saver)


def one_after_another(client: Evergrant, saver: Saver) -> Graph:
    """All steps in one run of one node, which starts again after each interrupt."""

    async def every(plan: Plan) -> dict[str, list[str]]:
        return {"done": [await append(client, step) for step in plan["steps"]]}

    return one_node(every, saver)


def one_node(node: Callable[[Plan], Awaitable[dict[str, list[str]]]], saver: Saver) -> Graph:
    async def run(state: Plan) -> dict[str, list[str]]:
        return await node(state)

    graph = StateGraph(Plan)
    graph.add_node("node", run)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    return graph.compile(checkpointer=saver)


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


async def tool_node(client: Evergrant, saver: Saver, accounts: Sequence[str]) -> Graph:
    """LangGraph's own ToolNode, which makes all calls of a message at once in one run of the node."""
    tools = [
        tool.model_copy(update={"name": f"{account}_append"})
        for account in accounts
        for tool in await langchain_tools(client, account)
        if tool.name == "sandbox_append_row"
    ]
    graph = StateGraph(Talk)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "tools")
    graph.add_edge("tools", END)
    return graph.compile(checkpointer=saver)


def asked(steps: Sequence[Step], cells: int = 1) -> Talk:
    """The message of a model that wants these steps, each a row of so many cells."""
    calls = [
        ToolCall(name=f"{step['account']}_append", args={"row": [step["cell"]] * cells}, id=f"call {number}")
        for number, step in enumerate(steps)
    ]
    return {"messages": [AIMessage("", tool_calls=calls)]}


def plan(*steps: tuple[str, str]) -> Plan:
    """Steps as (account, cell)."""
    return {"steps": [{"account": account, "cell": cell} for account, cell in steps], "done": []}


def thread(name: str) -> RunnableConfig:
    return {"configurable": {"thread_id": name}}


def rows(world: Practice) -> dict[str, list[object]]:
    return {user: [cells[0] for cells in world.sandbox.book(user).rows] for user in ("anna", "maya")}


def account_of(world: Practice, alias: str) -> ConnectedAccount:
    account = world.app.accounts.named(LOCAL_TENANT, alias)
    assert account is not None
    return account


async def come_back(world: Practice, alias: str) -> None:
    await reconnect(world, account_of(world, alias), alias)
