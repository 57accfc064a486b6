"""Deliveries are written with their event, and an endpoint's secrets live and die with its data key."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select
from tests.vault.samples import START, account, death, endpoint

from evergrant.model.secret import Secret
from evergrant.store.tables import DataKeyRow, DeliveryRow, EventRow
from evergrant.vault.deliveries import Deliveries
from evergrant.vault.endpoints import Endpoints
from evergrant.vault.outbox import add_event
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio
SECRET, OTHER = Secret("whsec_first"), Secret("whsec_second")


@pytest.fixture
async def endpoints(vault: Vault) -> Endpoints:
    made = Endpoints(vault.database, vault.data_keys)
    await made.add(endpoint(), SECRET)
    return made


def rows(vault: Vault) -> tuple[int, int]:
    """Events and deliveries."""

    def counted(session: Session) -> tuple[int, int]:
        return len(session.exec(select(EventRow)).all()), len(session.exec(select(DeliveryRow)).all())

    return vault.database.read(counted)


async def test_an_event_and_its_deliveries_are_of_one_transaction_and_only_then_is_there_news(
    vault: Vault, endpoints: Endpoints
) -> None:
    news: list[tuple[int, int]] = []
    await endpoints.add(endpoint(2, types=("connection.faulted",)), SECRET)
    await endpoints.add(endpoint(3, tenant_id="tnt_b"), SECRET)

    def undone(session: Session) -> None:
        add_event(session, death(account()))
        session.flush()
        raise ZeroDivisionError

    with vault.database.listening(lambda: news.append(rows(vault))):
        with pytest.raises(ZeroDivisionError):
            await vault.database.write(undone)
        assert rows(vault) == (0, 0)
        await vault.database.write(lambda session: add_event(session, death(account())))
    await vault.database.write(lambda session: add_event(session, death(account())))
    assert news == [(1, 1)]
    assert rows(vault) == (2, 2)


async def test_the_former_secret_counts_until_its_time_and_is_then_forgotten(
    vault: Vault, endpoints: Endpoints
) -> None:
    key, later = endpoint().key, START + timedelta(hours=1)
    assert endpoints.secrets(key, START) == (SECRET,)
    assert await endpoints.rotate(key, OTHER, later)
    assert endpoints.secrets(key, START) == (OTHER, SECRET)
    assert endpoints.secrets(key, later) == (OTHER,)


async def test_an_endpoint_that_is_removed_takes_its_key_and_its_deliveries_along(
    vault: Vault, endpoints: Endpoints
) -> None:
    await vault.database.write(lambda session: add_event(session, death(account())))
    assert await endpoints.remove(endpoint().key)
    assert not await endpoints.remove(endpoint().key)
    assert rows(vault) == (1, 0)
    assert endpoints.secrets(endpoint().key, START) == ()
    assert vault.database.read(lambda session: session.exec(select(DataKeyRow)).all()) == []


async def test_another_tenant_reaches_nothing(vault: Vault, endpoints: Endpoints) -> None:
    await vault.database.write(lambda session: add_event(session, death(account())))
    foreign = endpoint(tenant_id="tnt_b").key
    deliveries = Deliveries(vault.database, vault.data_keys)
    assert endpoints.get(foreign) is None
    assert not await endpoints.disable(foreign, "")
    assert not await endpoints.rotate(foreign, OTHER, START)
    assert not await endpoints.remove(foreign)
    assert await deliveries.claim(foreign, START, START) is None
    assert await deliveries.replay(foreign, 0, START) == 0
    assert deliveries.latest(foreign, 10) == []
    assert deliveries.slots(START, "tnt_b") == []
    assert len(deliveries.slots(START, "tnt_a")) == 1
