"""Delivery to real receivers: signed, in order, once where all goes well, and by whichever process is there."""

import asyncio
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.events.stage import TENANT, Stage, eventually, person, stage
from tests.fakes.receiver import OK, Received, Receiver, Reply, receiving
from tests.vault.samples import START, grant, held_call

from evergrant.events.dispatcher import LEASE_S
from evergrant.events.patience import Patience
from evergrant.events.send import Reply as ReplyOfPost
from evergrant.model.account import Connection
from evergrant.model.clock import SystemClock
from evergrant.model.endpoint import EndpointKey
from evergrant.model.event import approval_required, connection_faulted
from evergrant.service.webhooks import OVERLAP
from evergrant.store.tables import WebhookEndpointRow
from evergrant.vault.decisions import Decisions
from evergrant.vault.grants import Grants
from evergrant.vault.held_calls import KeptCalls

pytestmark = pytest.mark.anyio
CONNECTION = Connection("client_1", TENANT, "sandbox", "id", None, "http://localhost/callback", (), START)
ARTICLE = {"event", "connected_account_id", "provider", "tenant_id", "error_code", "reauth_url", "occurred_at"}


def failing(status: int = 500, headers: dict[str, str] | None = None) -> Callable[[Received], Reply]:
    return lambda _: (status, headers or {})


async def test_a_dead_grant_reaches_the_receiver_signed_and_with_the_articles_fields(
    on: Stage, receiver: Receiver
) -> None:
    endpoint, secret = await on.add(receiver.url)
    event_id = await on.die()
    assert await on.dispatcher().deliver_due() is None
    (got,) = receiver.received
    got.verify(secret)
    assert got.id == event_id
    assert got.data.keys() == ARTICLE | {"cause", "alias", "seq", "type", "timestamp"}
    assert (got.data["event"], got.data["type"]) == ("agent.auth.reauth_required",) * 2
    assert got.data["timestamp"] == got.data["occurred_at"]
    assert (got.data["seq"], got.data["cause"], got.data["provider"]) == (1, "revoked", "sandbox")
    assert on.states(endpoint) == ["delivered"]


async def test_an_event_that_failed_comes_again_under_the_same_id_with_the_time_of_the_attempt(
    on: Stage, receiver: Receiver
) -> None:
    _, secret = await on.add(receiver.url)
    event_id = await on.die()
    receiver.answer = failing()
    await on.dispatcher().deliver_due()
    on.clock.advance(5)
    receiver.answer = lambda _: OK
    await on.dispatcher().deliver_due()
    first, second = receiver.received
    assert first.id == second.id == event_id
    assert first.body == second.body
    assert second.timestamp - first.timestamp == 5
    assert first.is_signed_by(secret)
    assert second.is_signed_by(secret)


async def test_for_a_day_after_a_rotation_both_secrets_sign_and_then_the_new_one_alone(
    on: Stage, receiver: Receiver
) -> None:
    endpoint, former = await on.add(receiver.url)
    secret = (await on.webhooks.rotate_secret(endpoint)).reveal()
    await on.die()
    await on.dispatcher().deliver_due()
    on.clock.advance(OVERLAP.total_seconds())
    await on.die(2)
    await on.dispatcher().deliver_due()
    both, one = receiver.received
    for key in (former, secret):
        both.verify(key)
    assert len(both.signatures) == 2
    assert one.is_signed_by(secret)
    assert not one.is_signed_by(former)
    assert on.endpoint(endpoint).former_until is None


async def test_an_endpoint_gets_only_the_types_that_it_asked_for(on: Stage, receiver: Receiver) -> None:
    await on.add(receiver.url, ["agent.auth.reauth_completed"])
    await on.die()
    wanted = await on.come_back()
    await on.dispatcher().deliver_due()
    assert receiver.ids == [wanted]


async def test_what_happened_before_an_endpoint_was_added_is_not_sent_to_it(on: Stage, receiver: Receiver) -> None:
    await on.die()
    await on.add(receiver.url)
    assert await on.dispatcher().deliver_due() is None
    assert receiver.received == []


async def test_a_reauth_that_is_no_longer_needed_is_superseded_and_the_completed_one_is_told(
    on: Stage, receiver: Receiver
) -> None:
    endpoint, _ = await on.add(receiver.url)
    receiver.answer = failing()
    await on.die()
    await on.dispatcher().deliver_due()
    back = await on.come_back()
    receiver.answer, receiver.received = lambda _: OK, []
    on.clock.advance(5)
    await on.dispatcher().deliver_due()
    assert receiver.ids == [back]
    assert on.states(endpoint) == ["superseded", "delivered"]


async def test_a_grant_that_died_twice_is_told_of_while_it_is_dead(on: Stage, receiver: Receiver) -> None:
    await on.add(receiver.url)
    ids = [await on.die(), await on.come_back(), await on.die()]
    await on.dispatcher().deliver_due()
    assert receiver.ids == ids


async def test_events_of_one_account_keep_their_order_and_no_other_waits_for_them(
    on: Stage, receiver: Receiver
) -> None:
    await on.add(receiver.url)
    first = await on.die(1)
    receiver.answer = lambda got: (500, {}) if got.id == first and len(receiver.received) == 1 else OK
    second, other = await on.die(1), await on.die(2)
    faulted = connection_faulted(CONNECTION, "invalid_client", on.clock.now())
    await on.write(faulted)
    await on.dispatcher().deliver_due()
    assert receiver.ids == [first, other, faulted.id]
    on.clock.advance(5)
    await on.dispatcher().deliver_due()
    assert receiver.ids[3:] == [first, second]


async def test_an_event_does_not_wait_for_one_that_was_given_up(tmp_path: Path, receiver: Receiver) -> None:
    async with stage(tmp_path / "home", patience=Patience(random.Random(1), schedule_s=(0,))) as on:
        endpoint, _ = await on.add(receiver.url)
        given_up = await on.die()
        receiver.answer = lambda got: (500, {}) if got.id == given_up else OK
        await on.die()
        await on.dispatcher().deliver_due()
        assert on.states(endpoint) == ["dead", "delivered"]


async def test_a_slow_receiver_holds_up_no_other_and_neither_does_what_comes_later(on: Stage) -> None:
    go_on = threading.Event()

    def slowly(_: Received) -> Reply:
        go_on.wait(30)
        return OK

    with receiving(slowly) as slow, receiving() as fast:
        await on.add(slow.url)
        await on.add(fast.url)
        ids, dispatcher = [await on.die(1)], on.dispatcher()
        running = asyncio.create_task(dispatcher.deliver_due())
        async with asyncio.timeout(20):
            await eventually(SystemClock(), lambda: bool(slow.received and fast.received))
            ids.append(await on.die(2))
            await dispatcher.deliver_due()
            await eventually(SystemClock(), lambda: len(fast.received) == len(ids))
        assert (slow.ids, fast.ids) == (ids[:1], ids)
        go_on.set()
        await running
        assert slow.ids == ids


async def test_one_receiver_gets_one_message_at_a_time_and_more_if_so_wished(on: Stage) -> None:
    at_once, most, lock = 0, [0], threading.Lock()
    barrier = threading.Barrier(2)

    def count(_: Received) -> Reply:
        nonlocal at_once
        with lock:
            at_once += 1
            most.append(at_once)
        with lock:
            at_once -= 1
        return OK

    def meet(_: Received) -> Reply:
        barrier.wait(20)  # passed by two at once only
        return OK

    with receiving(count) as receiver:
        await on.add(receiver.url)
        for number in range(8):
            await on.die(number)
        await asyncio.gather(on.dispatcher().deliver_due(), on.dispatcher().deliver_due())
        assert (len(receiver.received), max(most)) == (8, 1)
        receiver.answer = meet
        for number in range(8, 12):
            await on.die(number)
        await on.dispatcher(to_one_endpoint=2).deliver_due()
        assert len(receiver.received) == 12


async def test_two_processes_deliver_at_once_and_nothing_comes_twice(
    on: Stage, receiver: Receiver, tmp_path: Path
) -> None:
    await on.add(receiver.url)
    async with stage(tmp_path / "home") as other:
        ids = [await on.die(number) for number in range(30)]
        dispatchers = [each.dispatcher(to_one_endpoint=4) for each in (on, other)]
        while len(receiver.received) < len(ids):
            await asyncio.gather(*(each.deliver_due() for each in dispatchers))
        assert sorted(receiver.ids) == sorted(ids)


async def test_what_a_killed_process_was_sending_is_sent_when_its_lease_has_run_out(
    on: Stage, receiver: Receiver
) -> None:
    endpoint, _ = await on.add(receiver.url)
    event_id, now = await on.die(), on.clock.now()
    lease = timedelta(seconds=LEASE_S)
    assert await on.deliveries.claim(endpoint.key, now, now + lease)
    assert await on.dispatcher().deliver_due() == now + lease
    assert receiver.received == []
    on.clock.advance(LEASE_S)
    await on.dispatcher().deliver_due()
    assert receiver.ids == [event_id]


async def test_a_process_that_was_overtaken_changes_nothing(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    await on.die()
    now = on.clock.now()
    late = await on.deliveries.claim(endpoint.key, now, now + timedelta(seconds=1))
    assert late
    on.clock.advance(1)
    await on.dispatcher().deliver_due()
    await on.deliveries.failed(late, on.patience.after(late, _refused(), on.clock.now()), on.clock.now())
    assert on.states(endpoint) == ["delivered"]
    assert on.last(endpoint).attempts == 0


def _refused() -> ReplyOfPost:
    return ReplyOfPost(False, "http_500")


async def test_an_endpoint_that_is_removed_meanwhile_is_no_trouble(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    await on.die()
    loop = asyncio.get_running_loop()

    def remove(_: Received) -> Reply:
        asyncio.run_coroutine_threadsafe(on.webhooks.remove(endpoint), loop).result(20)
        return OK

    receiver.answer = remove
    assert await on.dispatcher().deliver_due() is None
    assert on.webhooks.endpoints.all(TENANT) == []


async def test_a_secret_that_does_not_open_holds_up_no_other_endpoint_and_loses_nothing(
    on: Stage, receiver: Receiver
) -> None:
    broken, _ = await on.add(receiver.url)
    await on.add(receiver.url)
    await on.vault.database.write(lambda session: _spoil(session, broken.key))
    event_id = await on.die()
    await on.dispatcher().deliver_due()
    assert receiver.ids == [event_id]
    assert on.states(broken) == ["waiting"]
    assert "does not open" in (on.endpoint(broken).last_error or "")


def _spoil(session: Session, key: EndpointKey) -> None:
    row = session.get_one(WebhookEndpointRow, tuple(key))
    row.secret = row.secret[:-1] + bytes([row.secret[-1] ^ 1])
    session.add(row)


async def test_a_program_that_ends_lets_what_is_being_sent_arrive(on: Stage, receiver: Receiver) -> None:
    endpoint, _ = await on.add(receiver.url)
    await on.die()
    dispatcher = on.dispatcher()
    running = asyncio.create_task(dispatcher.deliver_due())
    async with asyncio.timeout(20):
        await eventually(SystemClock(), lambda: bool(receiver.received))
    await dispatcher.close()
    await running
    assert on.states(endpoint) == ["delivered"]


async def test_an_approval_is_told_while_it_is_wanted_and_not_when_it_was_decided(
    on: Stage, receiver: Receiver
) -> None:
    await Grants(on.vault.database, on.vault.data_keys).connect(person(), grant())
    calls = KeptCalls(on.vault.database, on.vault.data_keys)
    endpoint, _ = await on.add(receiver.url, ["agent.call.approval_required"])
    receiver.answer = failing()
    ids: list[str] = []
    for number in (1, 2):
        call = replace(held_call(person(), number=number), approval="wanted")
        event = approval_required(person(), call, "https://grants.example/approve/x", on.clock.now())
        assert await calls.add(call, 10, event)
        ids.append(event.id)
    await on.dispatcher().deliver_due()
    await Decisions(on.vault.database).refuse(TENANT, held_call(person(), number=1).id, "Ada", on.clock.now())
    receiver.answer, receiver.received = lambda _: OK, []
    on.clock.advance(5)
    await on.dispatcher().deliver_due()

    assert receiver.ids == ids[1:]
    assert on.states(endpoint) == ["superseded", "delivered"]
