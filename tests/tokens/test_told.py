"""What is told of refreshes besides deaths: a provider in trouble, its recovery, and an end that is near."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import START, Practice, practice

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import ProviderUnavailable, Result
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
FAILING, RECOVERED, ENDING = "agent.auth.refresh_failing", "agent.auth.refresh_recovered", "agent.auth.expiring_soon"
DAY_S = 86400
CONSENT_DAYS = 10
DAILY = Behaviour(access_token_ttl=DAY_S, rotation=Rotation.STRICT_FAMILY)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


def told(world: Practice) -> list[str]:
    return [event.type for event in world.app.outbox.after(LOCAL_TENANT, 0, 100)]


async def test_an_early_failure_tells_nobody(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503))
    world.clock.advance(1700)
    await world.app.schedule.tick()

    assert isinstance(await world.search(account), Result)
    assert told(world) == []


async def test_trouble_that_keeps_calls_waiting_is_told_once_and_so_is_its_end(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503))
    world.clock.advance(1801)
    for _ in range(5):
        assert isinstance(await world.search(account), ProviderUnavailable)
        world.clock.advance(600)
    assert told(world) == [FAILING]
    (event,) = world.app.outbox.after(LOCAL_TENANT, 0, 10)
    assert event.data["error_code"] == "http_503"

    world.sandbox.faults.clear()
    world.clock.advance(3600)  # the breaker lets an exchange through when its probe is long due
    assert isinstance(await world.search(account), Result)
    assert told(world) == [FAILING, RECOVERED]


async def test_calls_that_wait_behind_an_open_breaker_are_told_of_too(world: Practice) -> None:
    accounts = [await world.connect(user, user) for user in ("anna", "bert")]
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_503))
    world.clock.advance(1801)
    for _ in range(4):
        await world.search(accounts[0])
        world.clock.advance(15)

    assert isinstance(await world.search(accounts[1]), ProviderUnavailable)

    events = world.app.outbox.after(LOCAL_TENANT, 0, 10)
    assert [(event.type, event.account_id) for event in events] == [(FAILING, each.id) for each in accounts]


async def live(world: Practice, until: datetime) -> None:
    """Tick as the server would, at each due time."""
    while (due := await world.app.schedule.tick()) and due < until:
        world.clock.advance((due - world.clock.now()).total_seconds())


async def test_the_end_of_a_refresh_token_is_told_once_while_there_is_time(tmp_path: Path) -> None:
    async with practice(tmp_path, DAILY, grant={"refresh_token_absolute_s": CONSENT_DAYS * DAY_S}) as world:
        account = await world.connect()
        await live(world, START + timedelta(days=CONSENT_DAYS * 0.79))
        assert told(world) == []

        await live(world, START + timedelta(days=CONSENT_DAYS * 0.99))

        (event,) = world.app.outbox.after(LOCAL_TENANT, 0, 10)
        assert event.type == ENDING
        link = world.app.links.read(event.data["reauth_url"].rpartition("/")[2])
        assert link.account_id == account.id
        assert event.data["refresh_token_expires_at"] == "2026-06-04T00:00:00Z"
        assert event.occurred_at < START + timedelta(days=CONSENT_DAYS * 0.9)


async def test_a_new_consent_has_an_end_of_its_own_to_tell(tmp_path: Path) -> None:
    async with practice(tmp_path, DAILY, grant={"refresh_token_absolute_s": CONSENT_DAYS * DAY_S}) as world:
        account = await world.connect()
        await live(world, START + timedelta(days=9))
        await reconnect(world, account)
        await live(world, START + timedelta(days=16))
        assert told(world) == [ENDING]

        await live(world, START + timedelta(days=18))

        assert told(world) == [ENDING, ENDING]


async def reconnect(world: Practice, account: ConnectedAccount) -> None:
    begun = await world.app.connect.begin_reauth(account)
    await world.app.consent.finish(parse_redirect(await approve(begun.url, "anna")))
