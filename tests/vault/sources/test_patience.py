import threading

import pytest

from evergrant.vault.sources.patience import OutOfPatience, within

LONG = 60.0


def test_what_a_call_returns_or_raises_is_what_comes_of_it() -> None:
    assert within(LONG, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(LONG, lambda: 1 // 0)


def test_a_calls_own_timeout_is_not_ours() -> None:
    def times_out() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        within(LONG, times_out)


def test_a_call_that_does_not_end_is_left_to_itself_on_a_thread_that_ends_with_the_process() -> None:
    go_on, ended, daemons = threading.Event(), threading.Event(), list[bool]()

    def waits() -> None:
        daemons.append(threading.current_thread().daemon)
        go_on.wait()
        ended.set()

    with pytest.raises(OutOfPatience):
        within(0.01, waits)
    assert daemons == [True]
    go_on.set()
    assert ended.wait(LONG)
