"""Threads that wait go on when the event says that their account is back, also in another process than before."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from tests.adapters.langgraph.graphs import account_of, come_back, plan, rows, side_by_side
from tests.fakes.practice import START, Practice
from tests.fakes.sdk import client_of, web
from typing_extensions import override

from evergrant import Evergrant
from evergrant.adapters.langgraph import Resumer, waiting
from evergrant.adapters.langgraph.waiting import Graph
from evergrant.demo.clock import VirtualClock
from evergrant.sdk.errors import Unauthorized
from evergrant.vault.bearer import local_bearer

pytestmark = pytest.mark.anyio


async def until_waiting(graph: Graph, many: int = 1) -> None:
    clock = VirtualClock(START)
    while len(await waiting(graph)) != many:
        await clock.sleep(1)


@asynccontextmanager
async def night(world: Practice, file: Path) -> AsyncGenerator[tuple[Graph, Resumer]]:
    """What a process has: a client, a graph over the checkpoints in the file, and what follows the events."""
    async with (
        client_of(world, VirtualClock(START)) as client,
        AsyncSqliteSaver.from_conn_string(str(file)) as saver,
    ):
        graph = side_by_side(client, saver)
        async with Resumer(graph, client) as resumer:
            yield graph, resumer


async def test_a_thread_goes_on_when_its_account_is_back(world: Practice, tmp_path: Path) -> None:
    world.sandbox.revoke(user="maya")
    async with night(world, tmp_path / "night.db") as (graph, resumer):
        run = asyncio.create_task(resumer.complete("t", plan(("anna", "first"), ("maya", "second"))))
        await until_waiting(graph)
        assert rows(world) == {"anna": ["first"], "maya": []}
        await come_back(world, "maya")
        values = await run
    assert values["done"] == ["first as anna@example.test", "second as maya@example.test"]
    assert rows(world) == {"anna": ["first"], "maya": ["second"]}


async def test_each_of_two_dead_accounts_is_waited_for_by_itself(world: Practice, tmp_path: Path) -> None:
    world.sandbox.revoke()
    async with night(world, tmp_path / "night.db") as (graph, resumer):
        run = asyncio.create_task(resumer.complete("t", plan(("anna", "first"), ("maya", "second"))))
        await until_waiting(graph, 2)
        await come_back(world, "maya")
        await until_waiting(graph, 1)
        assert [each.account for each in await waiting(graph)] == [account_of(world, "anna").id]
        assert rows(world) == {"anna": [], "maya": ["second"]}
        await come_back(world, "anna")
        await run
    assert rows(world) == {"anna": ["first"], "maya": ["second"]}


async def test_a_person_who_came_back_while_no_process_ran_is_not_missed(world: Practice, tmp_path: Path) -> None:
    world.sandbox.revoke(user="maya")
    async with night(world, tmp_path / "night.db") as (graph, resumer):
        run = asyncio.create_task(resumer.complete("t", plan(("anna", "first"), ("maya", "second"))))
        await until_waiting(graph)
        run.cancel()
    await come_back(world, "maya")
    async with night(world, tmp_path / "night.db") as (graph, resumer):
        assert [each.thread_id for each in await waiting(graph)] == ["t"]
        values = await resumer.complete("t")
    assert values["done"] == ["first as anna@example.test", "second as maya@example.test"]
    assert rows(world) == {"anna": ["first"], "maya": ["second"]}


async def test_a_thread_that_has_ended_is_not_run_again(world: Practice, tmp_path: Path) -> None:
    async with night(world, tmp_path / "night.db") as (_, resumer):
        first = await resumer.complete("t", plan(("anna", "first")))
        assert await resumer.complete("t", plan(("anna", "first"))) == first
    assert rows(world)["anna"] == ["first"]


async def test_an_account_that_died_again_is_waited_for_again(world: Practice, tmp_path: Path) -> None:
    world.sandbox.revoke(user="maya")
    async with night(world, tmp_path / "night.db") as (graph, resumer):
        run = asyncio.create_task(resumer.complete("first night", plan(("maya", "first"))))
        await until_waiting(graph)
        await come_back(world, "maya")
        await run
    world.sandbox.revoke(user="maya")
    async with night(world, tmp_path / "night.db") as (graph, resumer):
        run = asyncio.create_task(resumer.complete("second night", plan(("maya", "second"))))
        await until_waiting(graph)
        await come_back(world, "maya")
        await run
    assert rows(world)["maya"] == ["first", "second"]


class Fickle(httpx2.AsyncBaseTransport):
    """A server that is now and then not there, or no longer knows the token."""

    def __init__(self, world: Practice) -> None:
        self._inner = httpx2.ASGITransport(web(world))
        self.away = 0
        self.token_is_good = True

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.away and request.url.path == "/v1/events":
            self.away -= 1
            raise httpx2.ConnectError("refused")
        if not self.token_is_good:
            request.headers["Authorization"] = "Bearer another"
        return await self._inner.handle_async_request(request)


async def test_a_server_that_is_away_for_a_while_is_followed_again(world: Practice) -> None:
    world.sandbox.revoke(user="maya")
    fickle, token = Fickle(world), local_bearer(world.app.vault.ring.ring)
    clock = VirtualClock(START)
    async with Evergrant(token=token, transport=fickle, clock=clock) as client:
        graph = side_by_side(client, InMemorySaver())
        async with Resumer(graph, client, clock=clock) as resumer:
            run = asyncio.create_task(resumer.complete("t", plan(("maya", "second"))))
            await until_waiting(graph)
            fickle.away = 7
            await come_back(world, "maya")
            await run
    assert (fickle.away, rows(world)["maya"]) == (0, ["second"])


async def test_a_token_that_is_taken_back_ends_the_waiting_in_words(world: Practice) -> None:
    world.sandbox.revoke(user="maya")
    fickle, token = Fickle(world), local_bearer(world.app.vault.ring.ring)
    async with Evergrant(token=token, transport=fickle, clock=VirtualClock(START)) as client:
        graph = side_by_side(client, InMemorySaver())
        async with Resumer(graph, client) as resumer:
            run = asyncio.create_task(resumer.complete("t", plan(("maya", "second"))))
            await until_waiting(graph)
            fickle.token_is_good = False
            with pytest.raises(Unauthorized):
                await run
