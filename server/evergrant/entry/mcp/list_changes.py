"""Telling clients that their list of tools has changed, in both eras, whichever process changed it.

A list changes when its caller gets the first account of a connector, or loses the last one. While anybody listens one
task of this process looks whether the database was written to, and only then what connectors the listeners have.
"""

import asyncio
from contextlib import suppress
from contextvars import Context as Variables
from typing import NamedTuple

import anyio
import anyio.lowlevel
from mcp.server.connection import Connection
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.types import SubscriptionsListenRequestParams, SubscriptionsListenResult
from structlog.typing import FilteringBoundLogger

from evergrant.entry.mcp.client import Context, connection_of, is_modern
from evergrant.entry.mcp.wall import Wall
from evergrant.model.clock import Clock
from evergrant.service.standing import Standing
from evergrant.store.changes import Changes
from evergrant.store.database import StoreUnavailable
from evergrant.vault.accounts import Accounts

EVERY_S = 0.5
PATIENCE_S = 5.0
"""How long one client may take to be told; the others are told meanwhile."""


class Audience(NamedTuple):
    """Callers whose connectors are the same, since they see the same accounts."""

    tenant_id: str
    accounts: frozenset[str] | None


class _Hearers:
    """Those of one audience who listen now."""

    def __init__(self, connectors: tuple[str, ...]) -> None:
        self._known = connectors
        self._stale = False
        self._bus = InMemorySubscriptionBus()
        self.listen = ListenHandler(self._bus)
        self.subscriptions = 0
        self.sessions: dict[Connection, ServerSession] = {}

    def listed(self, connectors: tuple[str, ...]) -> None:
        """One of them was given a list; the others may have an older one."""
        self._stale = self._stale or connectors != self._known

    def seen(self, connectors: tuple[str, ...]) -> bool:
        """Whether they must be told, these being their connectors now."""
        told, self._stale = self._stale or connectors != self._known, False
        self._known = connectors
        return told

    async def tell(self) -> None:
        await self._bus.publish(ToolsListChanged())
        async with anyio.create_task_group() as tasks:
            for session in self.sessions.values():
                tasks.start_soon(_tell, session)


async def _tell(session: ServerSession) -> None:
    with anyio.move_on_after(PATIENCE_S):
        await session.send_tool_list_changed()


class ListChanges:
    """The listeners of one process, over all of its servers."""

    def __init__(
        self, accounts: Accounts, changes: Changes, clock: Clock, log: FilteringBoundLogger, every_s: float = EVERY_S
    ) -> None:
        self._accounts = accounts
        self._changes = changes
        self._clock = clock
        self._log = log
        self._every_s = every_s
        self._hearers: dict[Audience, _Hearers] = {}
        self._number = 0
        self._watching: asyncio.Task[None] | None = None
        self._silent = ListenHandler(InMemorySubscriptionBus())

    def connectors(self, context: Context, who: Standing) -> tuple[str, ...]:
        """What a list that is given now is made of; raises StoreUnavailable.

        A session of the handshake era is told from now on when it changes, until it ends.
        """
        number, found, key = self._changes.number(), who.connectors(), _audience(who)
        if not is_modern(context):
            self._remember(context, key, number, found)
        if hearers := self._hearers.get(key):
            hearers.listed(found)
        return found

    async def listen(
        self, context: Context, who: Standing, params: SubscriptionsListenRequestParams, *, changes: bool
    ) -> SubscriptionsListenResult:
        """Serve `subscriptions/listen` until its client goes away; silent where the caller's list never `changes`."""
        if not changes:
            return await self._silent(context, params)
        number, key = self._changes.number(), _audience(who)
        hearers = self._joined(key, number, who.connectors())
        hearers.subscriptions += 1
        try:
            return await hearers.listen(context, params)
        finally:
            hearers.subscriptions -= 1
            self._left(key, hearers)

    @property
    def watching(self) -> bool:
        """Whether anybody listens."""
        return self._watching is not None

    def _remember(self, context: Context, key: Audience, number: int, found: tuple[str, ...]) -> None:
        connection = connection_of(context)
        hearers = self._joined(key, number, found)
        if connection not in hearers.sessions:
            hearers.sessions[connection] = context.session
            connection.exit_stack.callback(self._forget, key, hearers, connection)

    def _forget(self, key: Audience, hearers: _Hearers, connection: Connection) -> None:
        del hearers.sessions[connection]
        self._left(key, hearers)

    def _joined(self, key: Audience, number: int, found: tuple[str, ...]) -> _Hearers:
        """`number` is from before `found` was read, so that no change falls between the two."""
        if self._watching is None:
            self._number = number
            # It outlives the request that it is begun in, whose caller it must not know.
            self._watching = asyncio.get_running_loop().create_task(self._watch(), context=Variables())
        if key not in self._hearers:
            self._hearers[key] = _Hearers(found)
        return self._hearers[key]

    def _left(self, key: Audience, hearers: _Hearers) -> None:
        if not hearers.sessions and not hearers.subscriptions:
            del self._hearers[key]
        if not self._hearers and self._watching:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(self._every_s)
            with Wall(self._log, "list changes"), suppress(StoreUnavailable):
                number = self._changes.number()
                if number != self._number:
                    await self._look()
                    self._number = number

    async def _look(self) -> None:
        """All are read before any is told: a reading that fails would leave untold whoever counts as told already."""
        read: list[tuple[_Hearers, tuple[str, ...]]] = []
        for key, hearers in list(self._hearers.items()):
            read.append((hearers, self._accounts.connectors(*key)))
            await anyio.lowlevel.checkpoint()
        async with anyio.create_task_group() as tasks:
            for hearers, connectors in read:
                if hearers.seen(connectors):
                    tasks.start_soon(hearers.tell)


def _audience(who: Standing) -> Audience:
    return Audience(who.tenant_id, who.principal.accounts)
