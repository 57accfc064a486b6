"""Having events told before going on: an agent is not answered before the operator knows."""

import threading
from datetime import timedelta

import pytest
from tests.events.stage import TENANT, Stage
from tests.fakes.receiver import OK, Received, Receiver, Reply, receiving

pytestmark = pytest.mark.anyio


async def test_whoever_goes_on_only_when_all_is_told_finds_it_told(on: Stage, receiver: Receiver) -> None:
    await on.add(receiver.url)
    event_id = await on.die()
    assert await on.dispatcher().tell(TENANT, within_s=20)
    assert receiver.ids == [event_id]
    assert await on.dispatcher().tell("tnt_b", within_s=0)


async def test_a_receiver_that_fails_is_not_waited_for(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    receiver.answer = lambda _: (500, {})
    await on.die()
    assert await on.dispatcher().tell(TENANT, within_s=20)
    assert on.states(endpoint) == ["waiting"]


async def test_a_wait_that_is_too_short_disturbs_no_delivery(on: Stage) -> None:
    go_on = threading.Event()

    def slowly(_: Received) -> Reply:
        go_on.wait(30)
        return OK

    with receiving(slowly) as receiver:
        endpoint, _ = await on.add(receiver.url)
        await on.die()
        dispatcher = on.dispatcher()
        assert not await dispatcher.tell(TENANT, within_s=0.05)
        go_on.set()
        assert await dispatcher.tell(TENANT, within_s=20)
        assert on.states(endpoint) == ["delivered"]
        assert len(receiver.received) == 1


async def test_what_another_process_is_sending_is_waited_for(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    await on.die()
    now = on.clock.now()
    assert await on.deliveries.claim(endpoint.key, now, now + timedelta(seconds=3))
    assert not await on.dispatcher().tell(TENANT, within_s=1)
    assert await on.dispatcher().tell(TENANT, within_s=5)
    assert len(receiver.received) == 1
