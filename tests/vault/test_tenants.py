"""Tenants as the vault keeps them, and what is left of one that was removed: nothing, in any table."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import ColumnClause, Inspector, Select, String, column, func, inspect, select, table
from sqlalchemy.engine.interfaces import ReflectedForeignKeyConstraint
from sqlmodel import col, delete
from tests.vault.filled import fill
from tests.vault.samples import START, account, audit_record, death, grant
from tests.vault.test_authorizations import STATE, consent

from evergrant.model.account import AccountKey
from evergrant.model.api_key import ApiKey
from evergrant.model.audit import AuditFilter
from evergrant.model.tenant import LOCAL_TENANT, Holdings, Rate, Tenant
from evergrant.store.database import Database, TenantGone
from evergrant.store.tables import TenantRow
from evergrant.vault.accounts import Accounts
from evergrant.vault.api_keys import ApiKeys
from evergrant.vault.audit import AuditLog
from evergrant.vault.authorizations import Authorizations
from evergrant.vault.grants import Grants
from evergrant.vault.tenants import TenantExists, TenantInUse, Tenants
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio
ACME = Tenant("tnt_a", "Acme", START)


@pytest.fixture
def vault(vault: Vault) -> Vault:
    """With its own tenant alone."""
    others = delete(TenantRow).where(col(TenantRow.tenant_id) != LOCAL_TENANT)
    vault.database.write_now(lambda session: session.exec(others))
    return vault


@pytest.fixture
def tenants(vault: Vault) -> Tenants:
    return Tenants(vault.database)


def rows_of(database: Database, tenant_id: str) -> dict[str, int]:
    """How many rows name the tenant, by table as the database itself lists them, those that have any."""
    with database.engine.connect() as connection:
        counting = ((name, _counting(name, tenant_id)) for name in _of_tenants(inspect(connection)))
        return {name: counted for name, query in counting if (counted := connection.execute(query).scalar_one())}


def _of_tenants(found: Inspector) -> list[str]:
    """The tables whose rows name a tenant."""
    names = found.get_table_names()
    return [name for name in names if any(each["name"] == "tenant_id" for each in found.get_columns(name))]


def _counting(name: str, tenant_id: str) -> Select[int]:
    tenant: ColumnClause[str] = column("tenant_id", String)
    return select(func.count()).select_from(table(name, tenant)).where(tenant == tenant_id)


async def filled(vault: Vault, tenants: Tenants) -> None:
    """Two tenants that have something in every table."""
    for tenant_id in ("tnt_a", "tnt_b"):
        await tenants.add(Tenant(tenant_id, tenant_id, START))
    await fill(vault)
    for tenant_id in ("tnt_a", "tnt_b"):
        key = ApiKey("key_1", tenant_id, "agent", None, (), None, False, START, None)
        await ApiKeys(vault.database).add(key, f"digest {tenant_id}")
        held = Grants(vault.database, vault.data_keys).load(account(tenant_id=tenant_id).grant_key)
        assert held
        await Grants(vault.database, vault.data_keys).bury(held, "revoked", death(account(tenant_id=tenant_id)))


def test_every_vault_has_its_own_tenant(tenants: Tenants) -> None:
    assert [(each.id, each.rate, each.ends) for each in tenants.page(None, 10)] == [(LOCAL_TENANT, None, False)]


def test_every_row_of_a_tenant_refers_to_it_and_goes_with_it(vault: Vault) -> None:
    with vault.database.engine.connect() as connection:
        found = inspect(connection)
        names = set(_of_tenants(found)) - {"tenant"}
        refers = {(name, *_reference(each)) for name in names for each in found.get_foreign_keys(name)}

    assert len(names) >= 14
    assert refers == {(name, ("tenant_id",), "tenant", "CASCADE") for name in names}


def _reference(key: ReflectedForeignKeyConstraint) -> tuple[tuple[str, ...], str, str | None]:
    return tuple(key["constrained_columns"]), key["referred_table"], key.get("options", {}).get("ondelete")


async def test_a_tenant_is_kept_as_it_was_given_and_changed_but_for_its_birth(tenants: Tenants) -> None:
    await tenants.add(Tenant("org_1", "One", START, Rate(2.5, 7)))
    stored = tenants.get("org_1")
    changed = await tenants.change("org_1", lambda _: Tenant("org_2", "Uno", START + timedelta(days=1)))

    assert stored == Tenant("org_1", "One", START, Rate(2.5, 7))
    assert tenants.get("org_1") == changed == Tenant("org_1", "Uno", START)
    assert await tenants.change(ACME.id, lambda found: found) is None
    with pytest.raises(TenantExists):
        await tenants.add(Tenant("org_1", "Other", START))


async def test_of_a_new_name_and_a_new_limit_at_once_none_is_lost(tenants: Tenants) -> None:
    await tenants.add(Tenant("org_1", "One", START, Rate(2.5, 7)))

    await asyncio.gather(
        tenants.change("org_1", lambda found: replace(found, name="Uno")),
        tenants.change("org_1", lambda found: replace(found, rate=None)),
    )

    assert tenants.get("org_1") == Tenant("org_1", "Uno", START)


async def test_pages_come_in_the_order_of_ids(tenants: Tenants) -> None:
    for number in (3, 1, 2):
        await tenants.add(Tenant(f"org_{number}", "x", START))

    assert [each.id for each in tenants.page(None, 2)] == ["org_1", "org_2"]
    assert [each.id for each in tenants.page("org_2", 2)] == ["org_3", LOCAL_TENANT]


async def test_of_a_removed_tenant_no_table_has_a_row_and_of_another_every_row_stays(
    vault: Vault, tenants: Tenants
) -> None:
    await filled(vault, tenants)
    before, of_the_other = rows_of(vault.database, "tnt_a"), rows_of(vault.database, "tnt_b")
    assert before == of_the_other
    assert len(before) >= 11
    await tenants.begin_end("tnt_a")
    for each in Accounts(vault.database).all("tnt_a"):
        await Accounts(vault.database).remove(each.key)
    await tenants.wipe("tnt_a", START)

    assert rows_of(vault.database, "tnt_a") == {}
    assert rows_of(vault.database, "tnt_b") == of_the_other
    assert tenants.get("tnt_a") is None


async def test_at_the_beginning_of_the_end_keys_and_waiting_consents_go(vault: Vault, tenants: Tenants) -> None:
    await filled(vault, tenants)
    await tenants.begin_end("tnt_a")
    left, stored = rows_of(vault.database, "tnt_a"), tenants.get("tnt_a")

    assert stored
    assert stored.ends
    assert not {"api_key", "authorization"} & left.keys()
    assert left["connected_account"] == 2


async def test_a_tenant_with_an_account_or_a_code_that_is_being_redeemed_is_not_wiped(
    vault: Vault, tenants: Tenants, grants: Grants, authorizations: Authorizations
) -> None:
    await tenants.add(ACME)
    await grants.connect(account(), grant())
    with pytest.raises(TenantInUse):
        await tenants.wipe("tnt_a", START)
    await Accounts(vault.database).remove(AccountKey("tnt_a", "conn_1"))
    await authorizations.add(consent(), STATE)
    assert await authorizations.take(consent())
    await tenants.begin_end("tnt_a")
    with pytest.raises(TenantInUse):
        await tenants.wipe("tnt_a", START)
    await tenants.wipe("tnt_a", consent().expires_at)

    assert rows_of(vault.database, "tnt_a") == {}


async def test_what_comes_too_late_is_not_stored_and_a_new_tenant_of_that_id_begins_with_nothing(
    vault: Vault, tenants: Tenants
) -> None:
    late = ApiKey("key_2", "tnt_a", "late", None, (), None, False, START, None)
    await filled(vault, tenants)
    await tenants.begin_end("tnt_a")
    while_it_ends = await ApiKeys(vault.database).add(late, "late")
    for each in Accounts(vault.database).all("tnt_a"):
        await Accounts(vault.database).remove(each.key)
    await tenants.wipe("tnt_a", START)
    afterwards = await ApiKeys(vault.database).add(late, "late")
    with pytest.raises(TenantGone):
        await Grants(vault.database, vault.data_keys).connect(account(), grant())
    await tenants.add(ACME)

    assert (while_it_ends, afterwards) == (False, False)
    assert rows_of(vault.database, "tnt_a") == {"tenant": 1}


async def test_of_a_batch_of_the_audit_the_lines_of_a_tenant_that_is_gone_are_left_out(
    vault: Vault, tenants: Tenants
) -> None:
    log, gone = AuditLog(vault.database, vault.data_keys), account(tenant_id="tnt_gone")
    await tenants.add(ACME)
    await log.add([audit_record(gone), audit_record(account()), audit_record(gone)])
    await log.add([audit_record(gone)])

    assert (len(log.page("tnt_a", AuditFilter(), 10)), rows_of(vault.database, "tnt_gone")) == (1, {})


async def test_only_a_tenant_that_has_nothing_is_removed_as_it_is(tenants: Tenants, grants: Grants) -> None:
    await tenants.add(ACME)
    await tenants.add(Tenant("tnt_b", "Empty", START))
    await grants.connect(account(), grant())

    assert await tenants.remove_empty("tnt_a") == tenants.holdings("tnt_a") == Holdings(accounts=1)
    assert await tenants.remove_empty("tnt_b") is None
    assert (tenants.get("tnt_b"), tenants.get("tnt_a")) == (None, ACME)
