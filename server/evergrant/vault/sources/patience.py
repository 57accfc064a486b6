"""A call into a library that may wait for a person, and for how long we wait with it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class OutOfPatience(Exception):
    """The call has not ended in time. It goes on, and nobody looks at what comes of it."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns or raises; raises OutOfPatience.

    Its thread is a daemon, so that a call which never ends does not keep the process from ending.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  (it is raised again, where the result is awaited)
            future.set_exception(error)

    threading.Thread(target=run, name="evergrant-keychain", daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            return future.result()  # it ended after all, or the TimeoutError was its own
        raise OutOfPatience from None
