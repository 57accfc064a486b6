from dataclasses import replace

import pytest
from tests.vault.samples import START, account, grant

from evergrant.model.account import Connection
from evergrant.model.event import connection_faulted, connection_recovered
from evergrant.model.secret import Secret
from evergrant.vault.connections import ConnectionInUse, Connections
from evergrant.vault.grants import Grants
from evergrant.vault.outbox import Outbox
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio
SECRET = Secret("hush-hush")
CLIENT = Connection("client_1", "tnt_a", "sandbox", "cid", SECRET, "http://localhost/cb", ("a", "b"), START)


@pytest.fixture
async def stored(connections: Connections) -> Connections:
    await connections.put(CLIENT)
    return connections


async def test_a_connection_is_found_by_connector_and_by_id(stored: Connections) -> None:
    assert stored.find("tnt_a", "sandbox") == CLIENT
    assert stored.by_id("tnt_a", "client_1") == CLIENT
    assert stored.all("tnt_a") == [CLIENT]


async def test_another_tenant_finds_none(stored: Connections) -> None:
    assert stored.find("tnt_b", "sandbox") is None
    assert stored.by_id("tnt_b", "client_1") is None
    assert stored.all("tnt_b") == []
    assert not await stored.remove("tnt_b", "sandbox")


async def test_a_public_client_has_no_secret(connections: Connections) -> None:
    await connections.put(replace(CLIENT, client_secret=None))
    found = connections.find("tnt_a", "sandbox")
    assert found is not None
    assert found.client_secret is None


async def test_no_client_secret_lies_in_the_file(stored: Connections, vault: Vault) -> None:
    assert b"client_1" in vault.file.read_bytes()
    assert b"hush-hush" not in vault.file.read_bytes()


async def test_a_new_client_for_a_connector_keeps_the_connections_id_and_forgets_the_fault(
    stored: Connections,
) -> None:
    await stored.set_fault(CLIENT, "invalid_client", connection_faulted(CLIENT, "invalid_client", START))
    await stored.put(replace(CLIENT, id="client_2", client_id="new", client_secret=Secret("new secret")))
    found = stored.find("tnt_a", "sandbox")
    assert found == replace(CLIENT, client_id="new", client_secret=Secret("new secret"))
    assert stored.by_id("tnt_a", "client_2") is None


async def test_a_fault_is_told_once_and_so_is_its_end(stored: Connections, outbox: Outbox) -> None:
    for _ in range(3):
        await stored.set_fault(CLIENT, "invalid_client", connection_faulted(CLIENT, "invalid_client", START))
    for _ in range(3):
        await stored.set_fault(CLIENT, None, connection_recovered(CLIENT, START))
    assert sorted(event.type for event in outbox.after("tnt_a", 0, 10)) == [
        "connection.faulted",
        "connection.recovered",
    ]


async def test_a_connection_with_accounts_is_not_removed(stored: Connections, grants: Grants) -> None:
    await grants.connect(account(), grant())
    with pytest.raises(ConnectionInUse, match="acme-1"):
        await stored.remove("tnt_a", "sandbox")
    assert stored.find("tnt_a", "sandbox") == CLIENT


async def test_a_connection_without_accounts_is_removed(stored: Connections) -> None:
    assert await stored.remove("tnt_a", "sandbox")
    assert stored.find("tnt_a", "sandbox") is None
    assert not await stored.remove("tnt_a", "sandbox")
