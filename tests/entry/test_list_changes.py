"""Clients hear that their list of tools has changed: in both eras, on every wire, of their own tenant only."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ToolListChangedNotification
from tests.entry.wires import Host, http_server, over_http, over_memory, over_pump
from tests.fakes.practice import Practice
from typing_extensions import override

from evergrant.entry.mcp.list_changes import ListChanges
from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.store.database import Database, StoreUnavailable
from evergrant.vault.account_queries import Ids
from evergrant.vault.accounts import Accounts

pytestmark = pytest.mark.anyio
MODERN = "2026-07-28"
WIRES = {"http": over_http, "pump": over_pump}
SOON_S = 10


class Ear:
    """Counts what a client hears."""

    def __init__(self) -> None:
        self.count = 0
        self._heard = anyio.Event()

    async def __call__(self, message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.count += 1
            self._heard.set()

    async def until_heard(self) -> None:
        with anyio.fail_after(SOON_S):
            await self._heard.wait()
        self._heard = anyio.Event()


@asynccontextmanager
async def listening(client: Client, ear: Ear, era: str) -> AsyncGenerator[None]:
    """The client has a list, and is told when it changes."""
    await client.list_tools()
    if era == "legacy":
        yield
        return
    async with client.listen(tools_list_changed=True), anyio.create_task_group():
        yield


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


def foreign_process(world: Practice) -> Accounts:
    """What another process has: a connection of its own to the same file."""
    return Accounts(Database(world.app.vault.file))


@pytest.mark.parametrize("era", ["legacy", MODERN])
@pytest.mark.parametrize("wire", WIRES)
async def test_a_client_hears_of_the_first_account_of_a_connector_and_of_the_end_of_the_last(
    naming: Parts, world: Practice, tmp_path: Path, wire: str, era: str
) -> None:
    ear = Ear()
    async with WIRES[wire](naming, tmp_path, era, host=Host(hear=ear)) as client, listening(client, ear, era):
        account = await world.connect("acme")
        await ear.until_heard()
        with_it = await names(client)
        await foreign_process(world).remove(account.key)
        await ear.until_heard()
        without = await names(client)

    assert "sandbox_search_contacts" in with_it
    assert "sandbox_search_contacts" not in without
    assert ear.count == 2


@pytest.mark.parametrize("era", ["legacy", MODERN])
async def test_another_tenants_changes_are_not_heard(
    naming: Parts, world: Practice, foreign: ConnectedAccount, era: str
) -> None:
    mine, theirs = Ear(), Ear()
    async with http_server(naming) as url, AsyncExitStack() as open_:
        for ear, bearer in ((mine, "the local token"), (theirs, "a stranger's token")):
            http = await open_.enter_async_context(httpx2.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}))
            wire = streamable_http_client(f"{url}/mcp", http_client=http)
            client = await open_.enter_async_context(Client(wire, mode=era, message_handler=ear))
            await open_.enter_async_context(listening(client, ear, era))
        await world.connect("acme")
        await mine.until_heard()
        await world.app.accounts.remove(foreign.key)
        await theirs.until_heard()

    assert (mine.count, theirs.count) == (1, 1)


class OnceUnreadable(Accounts):
    """Those of one tenant cannot be read once, just after another tenant's first account was seen."""

    whose, seen = "", False

    @override
    def connectors(self, tenant_id: str, ids: Ids = None) -> tuple[str, ...]:
        if self.seen and tenant_id == self.whose:
            self.whose = ""
            raise StoreUnavailable("locked")
        found = super().connectors(tenant_id, ids)
        self.seen = bool(found) and tenant_id != self.whose
        return found


async def test_a_look_that_fails_for_one_tenant_leaves_no_other_untold(
    naming: Parts, world: Practice, foreign: ConnectedAccount
) -> None:
    accounts = OnceUnreadable(Database(world.app.vault.file))
    heard = ListChanges(accounts, naming.calls.changes, SystemClock(), naming.log, every_s=0.01)
    mine, theirs = Ear(), Ear()
    async with http_server(replace(naming, list_changes=heard)) as url, AsyncExitStack() as open_:
        for ear, bearer in ((mine, "the local token"), (theirs, "a stranger's token")):
            http = await open_.enter_async_context(httpx2.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}))
            wire = streamable_http_client(f"{url}/mcp", http_client=http)
            client = await open_.enter_async_context(Client(wire, mode="legacy", message_handler=ear))
            await open_.enter_async_context(listening(client, ear, "legacy"))
        accounts.whose = foreign.key.tenant_id
        await world.connect("acme")
        await mine.until_heard()

    assert not accounts.whose


async def test_a_second_account_of_a_connector_changes_nothing(
    naming: Parts, world: Practice, account: ConnectedAccount
) -> None:
    ear = Ear()
    async with over_memory(naming, Path(), "legacy", host=Host(hear=ear)) as client, listening(client, ear, "legacy"):
        other = await world.connect("globex", "bob")
        await client.list_tools()
        await world.app.accounts.remove(account.key)
        await client.list_tools()
        await world.app.accounts.remove(other.key)
        await ear.until_heard()

    assert ear.count == 1


async def test_a_list_that_is_younger_than_anothers_leaves_nobody_with_the_older_one(
    naming: Parts, world: Practice
) -> None:
    """Between two looks of the watch an account came and went, and one of two clients has listed it."""
    first, second = Ear(), Ear()
    async with (
        over_memory(naming, Path(), "legacy", host=Host(hear=first)) as older,
        over_memory(naming, Path(), "legacy", host=Host(hear=second)) as younger,
    ):
        await older.list_tools()
        account = await world.connect("acme")
        await younger.list_tools()
        await world.app.accounts.remove(account.key)
        await second.until_heard()

        assert await names(younger) == await names(older)


@pytest.mark.parametrize("era", ["legacy", MODERN])
async def test_it_is_watched_while_somebody_listens_and_no_longer(naming: Parts, era: str) -> None:
    seen, ear = [naming.list_changes.watching], Ear()
    async with over_memory(naming, Path(), era) as client:
        seen.append(naming.list_changes.watching)
        async with listening(client, ear, era):
            seen.append(naming.list_changes.watching)
    with anyio.fail_after(SOON_S):
        while naming.list_changes.watching:
            await anyio.lowlevel.checkpoint()

    assert seen == [False, False, True]


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_a_list_that_never_changes_is_not_said_to_and_not_watched(
    parts: Parts, naming: Parts, tmp_path: Path, era: str
) -> None:
    async with over_http(parts, tmp_path, era) as client, listening(client, Ear(), era):
        told, watching = client.server_capabilities, parts.list_changes.watching
    async with over_http(naming, tmp_path, era) as client:
        changing = client.server_capabilities

    assert told.tools
    assert changing.tools
    assert (told.tools.list_changed, watching, changing.tools.list_changed) == (False, False, True)


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_nothing_is_announced_that_is_not_published(naming: Parts, tmp_path: Path, era: str) -> None:
    async with over_http(naming, tmp_path, era) as client:
        told = client.server_capabilities

    assert told.resources
    assert (told.resources.list_changed, told.resources.subscribe) == (False, False)
    assert (told.prompts, told.completions, told.logging) == (None, None, None)
