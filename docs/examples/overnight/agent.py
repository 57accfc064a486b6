"""The agent of the overnight run: three lanes of steps, each a thread of one LangGraph graph. It never sees a token.

Its model is a script, so that the run needs no key and is the same every time. Everything else is as it would be:
the graph, the SQLite checkpointer, Evergrant's client and what resumes a thread that waited for its person.

Started again after a crash, with the same file of checkpoints, it goes on from where it stood.
"""
# LangGraph leaves type arguments of its own open in the signatures of its builder:
# pyright: reportUnknownMemberType=false

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import httpx2
from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send
from typing_extensions import TypedDict

from evergrant import Evergrant
from evergrant.adapters.langgraph import Resumer, Waiting, call_tool

HUBSPOT, SALESFORCE, SHEETS = LANES = ("demo_hubspot", "demo_salesforce", "demo_google")
"""Aliases of connected accounts, and the names of their connectors."""


class Night(TypedDict):
    """One lane: whose account it works with, the hour that it is at, and what was said."""

    account: str
    hour: int
    last_hour: int
    messages: Annotated[list[AnyMessage], add_messages]


class Asked(TypedDict):
    """One call that the model wants."""

    account: str
    call: ToolCall


def graph(
    client: Evergrant, clock: httpx2.AsyncClient, saver: BaseCheckpointSaver[Any]
) -> CompiledStateGraph[Night, None, Night, Night]:
    """A model and its tools; every call is a run of `tools` of its own."""

    async def model(state: Night) -> dict[str, object]:
        hour = state["hour"] + 1
        if hour > state["last_hour"]:
            return {"messages": [AIMessage("The night's work is done.")]}
        await clock.get("/hour", params={"lane": state["account"], "at": hour}, timeout=None)
        return {"hour": hour, "messages": [AIMessage("", tool_calls=script(state["account"], hour))]}

    async def tools(state: Asked) -> dict[str, list[ToolMessage]]:
        call = state["call"]
        result = await call_tool(
            client, connected_account_id=state["account"], tool_name=call["name"], tool_input=call["args"]
        )
        return {"messages": [ToolMessage(json.dumps(result.as_json()), tool_call_id=str(call["id"]))]}

    def wanted(state: Night) -> Sequence[Send] | str:
        last = state["messages"][-1]
        calls = last.tool_calls if isinstance(last, AIMessage) else []
        return [Send("tools", Asked(account=state["account"], call=call)) for call in calls] or END

    built = StateGraph(Night)
    built.add_node("model", model)
    built.add_node("tools", tools)
    built.add_edge(START, "model")
    built.add_conditional_edges("model", wanted, ["tools", END])
    built.add_edge("tools", "model")
    return built.compile(checkpointer=saver)


def script(lane: str, hour: int) -> list[ToolCall]:
    """What the model wants at an hour: to read, and to write one row that is counted in the morning."""
    row = ToolCall(name=f"{lane}_append_row", args={"row": [step(lane, hour)]}, id=f"{lane} {hour} write")
    read = ToolCall(name=f"{lane}_search_contacts", args={"query": "bakery"}, id=f"{lane} {hour} read")
    return [row] if lane == SHEETS else [read, row]


def step(lane: str, hour: int) -> str:
    """The name of a step, which is the row that it writes."""
    return f"{lane} hour {hour}"


async def night(checkpoints: str, clock_url: str, hours: int) -> None:
    """Work through the night, from the checkpoints where there are some; what it has to say is printed as JSON."""
    async with (
        Evergrant() as client,
        httpx2.AsyncClient(base_url=clock_url, trust_env=False) as clock,
        AsyncSqliteSaver.from_conn_string(checkpoints) as saver,
        Resumer(graph(client, clock, saver), client, ask=ask) as resumer,
    ):
        lanes = [resumer.complete(lane, Night(account=lane, hour=0, last_hour=hours, messages=[])) for lane in LANES]
        ended = await asyncio.gather(*lanes)
        say({"said": "done", "answers": {lane["account"]: answers(lane["messages"]) for lane in ended}})


def answers(messages: Sequence[AnyMessage]) -> int:
    """How many calls came back with a result."""
    return sum(isinstance(message, ToolMessage) for message in messages)


def ask(waits: Waiting) -> None:
    """Ask the person: here one would send a message with the link and its code."""
    say({"said": "waits", "lane": waits.thread_id, **waits.said})


def say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(night(sys.argv[1], sys.argv[2], int(sys.argv[3])))
