"""What a vault tells without its key."""

from pathlib import Path

import pytest
from tests.vault.samples import START, account, death, grant, renewed

from evergrant.model.account import Connection, GrantKey
from evergrant.model.secret import Secret
from evergrant.store.database import StoreUnavailable
from evergrant.vault.connections import Connections
from evergrant.vault.grants import Grants
from evergrant.vault.overview import overview, vault_row
from evergrant.vault.ring import KeyUnavailable, new_ring
from evergrant.vault.spool import Spool, waiting
from evergrant.vault.vault import Vault, prove

pytestmark = pytest.mark.anyio
CONNECTION = Connection("client_1", "tnt_a", "sandbox", "id", Secret("secret"), "http://localhost/callback", (), START)


async def test_the_clocks_of_a_grant_and_what_has_happened_are_told_and_no_token(
    vault: Vault, grants: Grants, connections: Connections
) -> None:
    await connections.put(CONNECTION)
    await grants.connect(account(), grant())
    await grants.connect(account(2, tenant_id="tnt_b"), grant())
    held, _ = await grants.begin(account().grant_key, START, lambda _: True)
    assert held

    told = overview(vault.database, "tnt_a")
    await grants.bury(held, "revoked", death(account()))
    after = overview(vault.database, "tnt_a")

    assert [(each.connector, each.redirect_uri, each.fault) for each in told.connections] == [
        ("sandbox", "http://localhost/callback", None)
    ]
    assert told.accounts == [account()]
    [only] = told.grants
    assert (only.account, only.issued_at, only.refresh_at) == (account(), START, grant().refresh_at)
    assert (only.renewable, only.dead, only.intent_at, only.orphan) == (True, False, START, False)
    assert ([each.dead for each in after.grants], [each.state for each in after.accounts]) == (
        [True],
        ["reauth_required"],
    )
    assert [each.type for each in after.events] == ["agent.auth.reauth_required"]
    assert not any(secret in repr((told, after)) for secret in ("access-1", "refresh-1", "secret"))


async def test_an_intent_of_a_former_generation_is_not_open_and_a_late_success_is_an_orphan(
    vault: Vault, grants: Grants
) -> None:
    await grants.connect(account(), grant())
    held, _ = await grants.begin(account().grant_key, START, lambda _: True)
    assert held
    await grants.commit(held, renewed(2))
    await grants.commit(held, renewed(2))

    [only] = overview(vault.database, "tnt_a").grants

    assert (only.intent_at, only.orphan) == (None, True)


def test_a_vault_says_which_it_is_and_whether_a_key_is_its_own(vault: Vault) -> None:
    row = vault_row(vault.database)

    assert row
    assert row.id == vault.id
    prove(vault.key.ring, row)
    with pytest.raises(KeyUnavailable, match="not this vault's"):
        prove(new_ring(), row)


async def test_entries_of_the_spool_are_counted_without_the_key(vault: Vault, grants: Grants, folder: Path) -> None:
    assert waiting(folder / "spool") == 0
    await grants.connect(account(), grant())
    held = grants.load(GrantKey(*account().key))
    assert held
    spool = Spool(folder / "spool", vault.spool_sealer)
    assert waiting(folder / "spool") == 0

    spool.keep(held, renewed(2))
    assert waiting(folder / "spool") == 1

    spool.drop(spool.entries()[0])
    assert waiting(folder / "spool") == 0


def test_a_database_without_tables_cannot_tell(vault: Vault) -> None:
    vault.database.write_now(lambda session: session.connection().exec_driver_sql("DROP TABLE event"))
    with pytest.raises(StoreUnavailable):
        overview(vault.database, "tnt_a")
