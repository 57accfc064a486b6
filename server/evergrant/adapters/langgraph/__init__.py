"""LangGraph: a call that needs a person interrupts its graph, and goes on from the checkpoint when they have helped."""

from evergrant.adapters.langgraph.calls import call_tool
from evergrant.adapters.langgraph.resuming import Resumer
from evergrant.adapters.langgraph.tools import langchain_tools
from evergrant.adapters.langgraph.waiting import Waiting, waiting

__all__ = ["Resumer", "Waiting", "call_tool", "langchain_tools", "waiting"]
