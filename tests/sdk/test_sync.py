"""The client for code that does not await: the same methods, from any thread, with an end that can be relied on."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from threading import Event
from threading import enumerate as threads

import pytest
from tests.fakes.practice import practice
from tests.fakes.sdk import client_of

from evergrant import Evergrant, EvergrantSync, ReauthRequired
from evergrant.sdk.errors import ServerUnreachable
from evergrant.sdk.hosted import Hosted

Method = Callable[..., object]


def public(kind: type) -> dict[str, Method]:
    """Its methods, but for those that enter, leave and make it."""
    methods = {name: method for name, method in vars(kind).items() if inspect.isfunction(method)}
    return {name: method for name, method in methods.items() if not name.startswith("_")}


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    ours, theirs = public(EvergrantSync), public(Evergrant)
    assert ours.keys() - {"close"} == theirs.keys() - {"aclose"}
    for name in theirs.keys() - {"aclose"}:
        assert inspect.signature(ours[name]) == inspect.signature(theirs[name]), name
        assert not inspect.iscoroutinefunction(ours[name]), name
    assert inspect.signature(EvergrantSync) == inspect.signature(Evergrant)


@pytest.fixture(scope="module")
def sync(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvergrantSync]:
    """A client of an app that lives on the client's own loop, whose account `acme` is dead at the end of the module."""
    with EvergrantSync.hosting(_opened(tmp_path_factory.mktemp("sync"))) as client:
        yield client


def _opened(folder: Path) -> Callable[[], AbstractAsyncContextManager[Evergrant]]:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[Evergrant]:
        async with practice(folder / "home") as world, client_of(world) as client:
            await world.connect()
            await world.connect("dead", "maya")
            world.sandbox.revoke(user="maya")
            yield client

    return opened


def append(client: EvergrantSync, cell: str, account: str = "acme") -> object:
    return client.execute_tool(
        connected_account_id=account, tool_name="sandbox_append_row", tool_input={"row": [cell]}
    ).label


def test_tools_results_errors_and_events_are_as_the_async_ones(sync: EvergrantSync) -> None:
    assert len(sync.get_tools(connected_account_id="acme", toolset="read")) == 3
    assert append(sync, "one") == "anna@example.test"
    with pytest.raises(ReauthRequired) as raised:
        append(sync, "two", "dead")
    (event,) = sync.events()
    assert (event.type, event.account) == ("agent.auth.reauth_required", raised.value.account)
    (kept,) = sync.list_calls()
    assert kept.id == raised.value.call_id


@pytest.mark.anyio
async def test_it_works_where_a_loop_is_running(sync: EvergrantSync) -> None:
    assert asyncio.get_running_loop().is_running()
    assert append(sync, "from a notebook") == "anna@example.test"


def test_many_threads_share_it(sync: EvergrantSync) -> None:
    def one(number: int) -> object:
        return append(sync, str(number))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(16))) == {"anna@example.test"}


def test_a_server_that_is_not_there_is_the_same_error() -> None:
    with EvergrantSync("http://127.0.0.1:1", "token", retries=0) as client, pytest.raises(ServerUnreachable):
        client.get_tools(connected_account_id="acme")


def test_closing_ends_the_thread_and_all_that_it_did() -> None:
    closed = EvergrantSync("http://127.0.0.1:1", "token")
    assert "evergrant" in [thread.name for thread in threads()]
    closed.close()
    closed.close()
    with pytest.raises(RuntimeError, match="closed"):
        closed.get_tools(connected_account_id="acme")


def test_a_call_that_another_thread_waits_for_is_cancelled_by_the_closing() -> None:
    began = Event()

    @asynccontextmanager
    async def nothing() -> AsyncGenerator[None]:
        yield

    async def never() -> None:
        began.set()
        await asyncio.Event().wait()

    hosted = Hosted(nothing)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: hosted.run(never()))
        began.wait()
        hosted.close()
        with pytest.raises(CancelledError):
            waiting.result()


def test_what_cannot_be_opened_leaves_no_thread() -> None:
    before = len(threads())

    @asynccontextmanager
    async def broken() -> AsyncGenerator[None]:
        if before:
            raise OSError("no vault")
        yield

    with pytest.raises(OSError, match="no vault"):
        Hosted(broken)
    assert len(threads()) == before
