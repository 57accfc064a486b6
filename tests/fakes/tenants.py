"""Tenants for the tests that need some and look at none: no row can be written of one that is not there."""

from sqlmodel import Session
from tests.vault.samples import START

from evergrant.store.tables import TenantRow
from evergrant.vault.vault import Vault


def settled(vault: Vault, *tenants: str) -> Vault:
    """The vault, and these tenants are there (those of the samples where none is named)."""

    def work(session: Session) -> None:
        for tenant_id in tenants or ("tnt_a", "tnt_b"):
            if session.get(TenantRow, tenant_id) is None:
                session.add(TenantRow(tenant_id=tenant_id, name=tenant_id, created_at=START))

    vault.database.write_now(work)
    return vault
