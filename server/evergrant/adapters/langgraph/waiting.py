"""Which threads of a graph wait for which account: read from the checkpoints, so that any process can."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from evergrant.model.json import Json, JsonObject, text_at
from evergrant.sdk.errors import ConfirmationRequired, PersonNeeded

REAUTH = "evergrant.reauth_required"
APPROVAL = "evergrant.confirmation_required"


class Graph(Protocol):
    """What is used of a compiled graph, whatever its state."""

    @property
    def checkpointer(self) -> object: ...

    async def aget_state(self, config: RunnableConfig, *, subgraphs: bool = False) -> StateSnapshot: ...

    async def ainvoke(
        self,
        input: Any,  # noqa: A002  (LangGraph's own name, of whatever the graph takes)
        config: RunnableConfig | None = None,
        *,
        durability: Literal["sync"] | None = None,
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """One interrupt that waits for a person; `said` is its value, to be shown to them."""

    thread_id: str
    interrupt_id: str
    account: str
    call_id: str | None
    said: JsonObject

    @property
    def for_approval(self) -> bool:
        """Whether the person is to approve the call, and not to reconnect the account."""
        return self.said.get("kind") == APPROVAL


def pause(needed: PersonNeeded, asked: JsonObject) -> JsonObject:
    """The value of the interrupt: all that a person needs, and what tells our interrupts from others."""
    approves = isinstance(needed, ConfirmationRequired)
    of_kind = ("effect", "approval_url") if approves else ("cause", "reauth_url")
    return {
        "kind": APPROVAL if approves else REAUTH,
        "account": needed.account or text_at(asked, "/account"),
        "service": needed.connector,
        "tool": text_at(asked, "/tool"),
        **{name: text_at(needed.said, f"/{name}") for name in of_kind},
        "confirmation_code": needed.confirmation_code,
        "call_id": needed.call_id,
        "what_happened": needed.what_happened,
        "what_to_do": needed.what_to_do,
    }


async def waiting(graph: Graph) -> list[Waiting]:
    """Everything that waits for a person, of all threads that the graph's checkpointer knows."""
    # The threads are listed to their end first: a checkpointer may allow one reading at a time.
    return [each for thread_id in await _threads(graph) for each in waiting_in(await state_of(graph, thread_id))]


def waiting_in(state: StateSnapshot) -> Iterator[Waiting]:
    """What waits for a person in one thread."""
    thread_id = _thread_of(state.config)
    for each in state.interrupts:
        said = cast("Json", each.value)
        if isinstance(said, dict) and said.get("kind") in (REAUTH, APPROVAL):
            yield Waiting(thread_id, each.id, text_at(said, "/account") or "", text_at(said, "/call_id"), said)


async def state_of(graph: Graph, thread_id: str) -> StateSnapshot:
    """Where a thread stands."""
    return await graph.aget_state(config_of(thread_id))


def config_of(thread_id: str) -> RunnableConfig:
    """What names a thread to LangGraph."""
    return {"configurable": {"thread_id": thread_id}}


async def _threads(graph: Graph) -> Sequence[str]:
    saver = cast("BaseCheckpointSaver[str] | bool | None", graph.checkpointer)
    if not isinstance(saver, BaseCheckpointSaver):
        return ()
    return list(dict.fromkeys([_thread_of(found.config) async for found in saver.alist(None)]))


def _thread_of(config: RunnableConfig) -> str:
    return str(config.get("configurable", {})["thread_id"])
