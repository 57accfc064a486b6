"""What follows from failures, with a clock that is moved: schedule, Retry-After, breaker, 410, giving up."""

import random
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from tests.events.stage import Stage, stage
from tests.fakes.receiver import OK, Received, Receiver, Reply, receiving, takes_all

from evergrant.events.patience import SCHEDULE_S, Patience

pytestmark = pytest.mark.anyio


def answering(status: int, **headers: str) -> Reply:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}


def refuses_all(_: Received) -> Reply:
    return answering(500)


async def wait_s(on: Stage) -> float | None:
    """Deliver what is due; seconds until something is due next."""
    due = await on.dispatcher().deliver_due()
    return None if due is None else (due - on.clock.now()).total_seconds()


async def test_an_event_is_tried_ten_times_over_three_days_and_then_given_up(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    receiver.answer = lambda _: answering(500)
    await on.die()
    for expected in SCHEDULE_S[1:]:
        assert on.states(endpoint) == ["waiting"]
        assert await wait_s(on) == expected
        assert await wait_s(on) == expected  # and not before
        on.clock.advance(expected)
    assert await wait_s(on) is None
    assert len(receiver.received) == len(SCHEDULE_S) == 10
    assert on.states(endpoint) == ["dead"]
    assert on.last(endpoint).last_error == "http_500"
    assert on.endpoint(endpoint).state == "enabled"


async def test_waits_are_spread_and_never_shorter(tmp_path: Path, receiver: Receiver) -> None:
    waits = set[float]()
    async with stage(tmp_path / "home", patience=Patience(random.Random(1), opens_after=99)) as on:
        endpoint, _ = await on.add(receiver.url)
        receiver.answer = lambda _: answering(500)
        for number in range(10):
            await on.die(number)
            await on.dispatcher().deliver_due()
            waits.add((on.last(endpoint).due_at - on.clock.now()).total_seconds())
    assert len(waits) == 10
    assert 5 <= min(waits) < max(waits) <= 6


@pytest.mark.parametrize("status", [429, 502, 503, 504, 500])
async def test_retry_after_is_honoured(on: Stage, receiver: Receiver, status: int) -> None:
    await on.add(receiver.url)
    receiver.answer = lambda _: answering(status, Retry_After="3600")
    await on.die(1)
    await on.die(2)
    assert await wait_s(on) == 3600
    assert len(receiver.received) == 1  # the receiver asked for rest, so the other one waits too


async def test_retry_after_cannot_put_an_event_off_for_ever(on: Stage, receiver: Receiver) -> None:
    await on.add(receiver.url)
    receiver.answer = lambda _: answering(429, Retry_After="99999999999")
    await on.die()
    assert await wait_s(on) == 24 * 3600


async def test_a_redirect_is_a_failure_and_is_not_followed(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    with receiving() as elsewhere:
        receiver.answer = lambda _: answering(307, Location=elsewhere.url)
        await on.die()
        assert await wait_s(on) == 5
        assert elsewhere.received == []
    assert on.last(endpoint).last_error == "http_307"


async def test_a_receiver_that_is_gone_is_not_asked_again_until_it_is_enabled(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    receiver.answer = lambda _: answering(410)
    ids = [await on.die(1), await on.die(2)]
    assert await wait_s(on) is None
    stopped = on.endpoint(endpoint)
    assert (stopped.state, stopped.reason) == ("disabled", "the receiver answered 410 Gone")
    assert (receiver.ids, on.states(endpoint)) == (ids[:1], ["waiting", "waiting"])
    ids.append(await on.die(3))
    on.clock.advance(3600)
    assert await wait_s(on) is None
    receiver.answer, receiver.received = lambda _: OK, []
    await on.webhooks.enable(endpoint)
    assert await wait_s(on) is None
    assert receiver.ids == ids


async def test_a_receiver_that_does_not_answer_is_given_up_after_the_deadline(on: Stage) -> None:
    go_on = threading.Event()

    def never(_: Received) -> Reply:
        go_on.wait(30)
        return OK

    with receiving(never) as receiver:
        endpoint, _ = await on.add(receiver.url)
        await on.die()
        await on.dispatcher(deadline_s=0.05).deliver_due()
        go_on.set()
        assert on.last(endpoint).last_error == "timeout"


async def test_a_receiver_that_is_not_there_is_a_failure(on: Stage) -> None:
    with receiving() as receiver:
        endpoint, _ = await on.add(receiver.url)
    await on.die()
    assert await wait_s(on) == 5
    assert on.last(endpoint).last_error == "no_answer (ConnectError)"


async def test_a_dead_receiver_costs_a_probe_now_and_then_however_much_waits(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    receiver.answer = lambda _: answering(503)
    ids = [await on.die(number) for number in range(50)]
    assert await wait_s(on) == 5
    assert receiver.ids == ids[:3]
    waits = list[float | None]()
    for _ in range(9):
        on.clock.advance(waits[-1] or 0 if waits else 5)
        waits.append(await wait_s(on))
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300, 300]
    assert len(receiver.received) == 3 + 9
    receiver.answer = lambda _: OK
    on.clock.advance(300)
    assert await wait_s(on) is None or on.states(endpoint).count("delivered") >= 40
    assert on.endpoint(endpoint).failures == 0


async def test_an_event_that_the_receiver_chokes_on_holds_up_no_other(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    ids = [await on.die(number) for number in range(6)]

    def choking(got: Received) -> Reply:
        return answering(500) if got.id == ids[0] else OK

    receiver.answer = choking
    await wait_s(on)
    assert on.states(endpoint) == ["waiting", *["delivered"] * 5]
    assert on.endpoint(endpoint).failures == 0


async def test_after_five_days_of_nothing_but_failures_the_endpoint_is_disabled_and_says_why(
    on: Stage, receiver: Receiver
) -> None:
    endpoint, _ = await on.add(receiver.url)
    receiver.answer = lambda _: answering(500)
    began = on.clock.now()
    number = 0
    while on.endpoint(endpoint).state == "enabled":
        await on.die(number := number + 1)
        await wait_s(on)
        on.clock.advance(6 * 3600)
    stopped = on.endpoint(endpoint)
    assert timedelta(days=5) <= on.clock.now() - began <= timedelta(days=5, hours=7)
    assert stopped.reason == "nothing but failures for 5 days, the last one http_500"
    assert "waiting" in on.states(endpoint)  # what waits is not lost
    receiver.answer, receiver.received = lambda _: OK, []
    await on.webhooks.enable(endpoint)
    waiting = on.states(endpoint).count("waiting")
    await wait_s(on)
    assert len(receiver.received) == waiting


async def test_one_success_in_five_days_keeps_the_endpoint(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    for number in range(40):
        receiver.answer = takes_all if number == 20 else refuses_all
        await on.die(number)
        await wait_s(on)
        on.clock.advance(6 * 3600)
    assert on.endpoint(endpoint).state == "enabled"


async def test_replay_sends_again_under_the_same_ids_from_a_number_or_a_time_on_or_only_what_was_given_up(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with stage(tmp_path / "home", patience=Patience(random.Random(1), schedule_s=(0,), opens_after=99)) as on:
        endpoint, _ = await on.add(receiver.url)
        receiver.answer = lambda got: answering(500) if got.data["seq"] == 2 else OK
        ids: list[str] = []
        for number in range(1, 5):
            ids.append(await on.die(number))
            on.clock.advance(60)
        await wait_s(on)
        assert on.states(endpoint) == ["delivered", "dead", "delivered", "delivered"]
        receiver.answer, receiver.received = lambda _: OK, []
        assert await on.webhooks.replay(endpoint, 0, only_dead=True) == 1
        await wait_s(on)
        assert receiver.ids == ids[1:2]
        assert await on.webhooks.replay(endpoint, 3) == 2
        await wait_s(on)
        assert receiver.ids[1:] == ids[2:]
        assert await on.webhooks.replay(endpoint, on.clock.now() - timedelta(seconds=61)) == 1
        await wait_s(on)
        assert receiver.ids[3:] == ids[3:]
