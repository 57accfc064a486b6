"""A tick renews what it can; what cannot be renewed neither stops it nor heads the next one."""

from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.fakes.practice import Practice, practice

from evergrant.model.account import GrantKey
from evergrant.model.outcome import ConnectionFault, Refused
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, GrantRow
from evergrant.tokens.schedule import UNRENEWABLE_PAUSE
from evergrant.vault.agenda import Agenda
from evergrant.vault.grants import Grants

pytestmark = pytest.mark.anyio
Spoil = Callable[[Database, GrantKey], None]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


def grants(world: Practice) -> Grants:
    return Grants(world.app.vault.database, world.app.vault.data_keys)


def remove_connection(database: Database, key: GrantKey) -> None:
    def work(session: Session) -> None:
        session.get_one(AccountRow, tuple(key[:2])).connection_id = "client_gone"

    database.write_now(work)


def break_seal(database: Database, key: GrantKey) -> None:
    def work(session: Session) -> None:
        row = session.get_one(GrantRow, tuple(key))
        row.access_token = row.access_token[:-1] + bytes([row.access_token[-1] ^ 1])

    database.write_now(work)


@pytest.mark.parametrize("spoil", [remove_connection, break_seal])
async def test_an_account_that_cannot_be_renewed_does_not_keep_the_others_from_it(
    world: Practice, spoil: Spoil
) -> None:
    spoilt, other = await world.connect("spoilt", "anna"), await world.connect("other", "bert")
    spoil(world.app.vault.database, spoilt.grant_key)
    world.clock.advance(1700)

    due = await world.app.schedule.tick()

    assert world.sandbox.count.refreshes == 1
    assert world.app.tokens.generation(other.grant_key) == 2
    assert due == world.clock.now() + UNRENEWABLE_PAUSE


async def test_an_account_that_cannot_be_renewed_is_tried_again_after_a_pause(world: Practice) -> None:
    account = await world.connect()
    remove_connection(world.app.vault.database, account.grant_key)
    world.clock.advance(1700)
    await world.app.schedule.tick()

    again = world.clock.now() + UNRENEWABLE_PAUSE
    agenda = Agenda(world.app.vault.database)
    assert agenda.due(again - timedelta(microseconds=1), 10) == []
    assert [each.key for each in agenda.due(again, 10)] == [account.grant_key]


async def test_a_removed_connection_is_a_connection_fault_and_leaves_no_attempt_open(world: Practice) -> None:
    account = await world.connect()
    remove_connection(world.app.vault.database, account.grant_key)
    world.clock.advance(1700)

    with pytest.raises(Refused) as refused:
        await world.app.tokens.renew(account.grant_key)

    assert isinstance(refused.value.failure, ConnectionFault)
    assert refused.value.failure.provider_code == "connection_removed"
    held = grants(world).load(account.grant_key)
    assert held is not None
    assert (held.account.state, held.intent_at, held.attempts) == ("active", None, 0)


async def test_a_failure_that_has_a_next_time_keeps_it(world: Practice) -> None:
    await world.connect()
    world.clock.advance(1700)
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_429, seconds=45, times=1))

    due = await world.app.schedule.tick()

    assert due == world.clock.now() + timedelta(seconds=45)


async def test_where_nothing_is_connected_there_is_no_next_time(world: Practice) -> None:
    assert await world.app.schedule.tick() is None
