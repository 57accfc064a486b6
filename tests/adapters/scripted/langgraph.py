"""A LangGraph agent whose model is a script: the model and LangGraph's own ToolNode, in turns."""
# LangGraph leaves type arguments of its own open in the signatures of its builder:
# pyright: reportUnknownMemberType=false

from typing import Annotated

from langchain_core.messages import AIMessage, AnyMessage, ToolCall
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode, tools_condition
from tests.fakes.three_services import NAMES, Script, ThreeServices
from typing_extensions import TypedDict

from evergrant.adapters.langgraph import langchain_tools
from evergrant.adapters.langgraph.waiting import Graph


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


async def graph(services: ThreeServices, script: Script) -> Graph:
    """Its compiled graph."""
    tools = [tool for name in NAMES for tool in await langchain_tools(services.client, name, toolset=name)]

    async def model(state: Talk) -> Talk:
        wanted = script.wanted([message.content for message in state["messages"]])
        calls = [ToolCall(name=each.tool, args=dict(each.given), id=each.id) for each in wanted]
        return {"messages": [AIMessage("" if calls else "Done.", tool_calls=calls)]}

    built = StateGraph(Talk)
    built.add_node("model", model)
    built.add_node("tools", ToolNode(tools))
    built.add_edge(START, "model")
    built.add_conditional_edges("model", tools_condition)
    built.add_edge("tools", "model")
    return built.compile(checkpointer=InMemorySaver())
