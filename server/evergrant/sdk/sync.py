"""The same client for code that does not await. Each method is made of the async one, and so is never another."""

import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx2

from evergrant.model.clock import Clock
from evergrant.model.secret import Secret
from evergrant.sdk.client import TIMEOUT_S, Evergrant
from evergrant.sdk.hosted import Hosted

P = ParamSpec("P")
R = TypeVar("R")


def _waiting(
    method: Callable[Concatenate[Evergrant, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate["EvergrantSync", P], R]:
    """The method that waits for what the async one comes to."""

    @wraps(method)
    def call(self: "EvergrantSync", /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.hosted.run(method(self.hosted.value, *args, **kwargs))

    return call


def _iterating(
    method: Callable[Concatenate[Evergrant, P], AsyncIterator[R]],
) -> Callable[Concatenate["EvergrantSync", P], Iterator[R]]:
    """The method that waits for one item after another."""

    @wraps(method)
    def iterate(self: "EvergrantSync", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        items = method(self.hosted.value, *args, **kwargs)
        while found := self.hosted.run(_next(items)):
            yield from found

    return iterate


async def _next(items: AsyncIterator[R]) -> tuple[R, ...]:
    """The next item; nothing at the end."""
    async for item in items:
        return (item,)
    return ()


class EvergrantSync:
    """As `Evergrant`, without `await`: also where an event loop is running (a notebook), and from several threads.

    Use it in `with`, or call `close`: calls of other threads that are under way then are cancelled.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | Secret | None = None,
        *,
        retries: int = 2,
        timeout_s: float = TIMEOUT_S,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        dice: random.Random | None = None,
    ) -> None:
        client = Evergrant(
            url, token, retries=retries, timeout_s=timeout_s, transport=transport, clock=clock, dice=dice
        )
        self.hosted = Hosted(lambda: client)

    @classmethod
    def hosting(cls, made: Callable[[], AbstractAsyncContextManager[Evergrant]]) -> Self:
        """One on a client that is opened and closed so, on its own event loop."""
        client = cls.__new__(cls)
        client.hosted = Hosted(made)
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread."""
        self.hosted.close()

    get_tools = _waiting(Evergrant.get_tools)
    search_tools = _waiting(Evergrant.search_tools)
    execute_tool = _waiting(Evergrant.execute_tool)
    resume_call = _waiting(Evergrant.resume_call)
    list_calls = _waiting(Evergrant.list_calls)
    get_call = _waiting(Evergrant.get_call)
    cancel_call = _waiting(Evergrant.cancel_call)
    list_accounts = _waiting(Evergrant.list_accounts)
    get_account = _waiting(Evergrant.get_account)
    wait_for_account = _waiting(Evergrant.wait_for_account)
    connect_link = _waiting(Evergrant.connect_link)
    reconnect_link = _waiting(Evergrant.reconnect_link)
    events = _iterating(Evergrant.events)
