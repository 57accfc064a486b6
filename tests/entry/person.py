"""A person at a client, scripted: whatever shows them the link, they reconnect."""

import asyncio
import re

from mcp.client.context import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult
from tests.entry.wires import Host
from tests.fakes.practice import Practice
from tests.fakes.reconnect import reconnect
from tests.fakes.tasks_client import TasksExtension

from evergrant.model.account import ConnectedAccount

A_LINK = re.compile(r"Reconnect at (\S+)")


class Person:
    """Begins to reconnect at the first link that is seen, and lets the client go on meanwhile."""

    def __init__(self, world: Practice, account: ConnectedAccount, action: str = "accept") -> None:
        self._world = world
        self._account = account
        self._action = action
        self._reconnecting: asyncio.Task[ConnectedAccount] | None = None
        self.links: list[str] = []
        self.told: list[tuple[float, float | None]] = []
        """The signs of life."""

    @property
    def host(self) -> Host:
        """A client with URL elicitation."""
        return Host(elicit=self.elicit)

    async def elicit(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG002
        assert isinstance(params, ElicitRequestURLParams)
        assert params.url in params.message
        self._world.clock.advance(2)  # they read first
        self._see(params.url)
        return ElicitResult.model_validate({"action": self._action})

    async def progress(self, progress: float, total: float | None, message: str | None) -> None:
        self.told.append((progress, total))
        link = A_LINK.search(message or "")
        assert link
        self._see(link.group(1))

    def tasks(self) -> TasksExtension:
        """The tasks extension of their client; it waits for them before it asks again."""

        async def answer(url: str, _message: str) -> str:
            self._see(url)
            await self.done()
            return self._action

        return TasksExtension(answer)

    async def done(self) -> None:
        """Until they have reconnected, if they do at all."""
        if self._reconnecting:
            await self._reconnecting

    def _see(self, url: str) -> None:
        self.links.append(url)
        if self._action == "accept" and self._reconnecting is None:
            self._reconnecting = asyncio.create_task(reconnect(self._world.app, self._account))
