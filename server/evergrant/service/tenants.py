"""Seeing to the tenants of a vault: made, changed, and removed with all that they have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.tenant import LOCAL_TENANT, TENANT_ID, Holdings, Rate, Tenant
from evergrant.service.panic import Panic
from evergrant.service.revoking import Receipt
from evergrant.vault.tenants import TenantExists, TenantInUse, Tenants

LONGEST_NAME = 200
FASTEST_PER_S, LARGEST_BURST = 100_000.0, 1_000_000
REDEEMED_WITHIN = timedelta(minutes=2)
"""So long after its end a consent that was answered in time may still bring an account."""


class NoSuchTenant(LookupError):
    """The vault has no tenant of that id."""


class BadTenant(Exception):
    """It cannot be made so; the message says why, and what can."""


class CannotRemoveTenant(Exception):
    """It stays; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class TenantDesk:
    """The tenants of a vault, for whoever runs it."""

    tenants: Tenants
    panic: Panic
    clock: Clock

    async def make(self, name: str, tenant_id: str | None = None, rate: Rate | None = None) -> Tenant:
        """A new tenant, under an id of ours unless one is given; raises BadTenant."""
        now = self.clock.now()
        made = Tenant(tenant_id or new_id("tnt", now), _name(name), now, _checked(rate))
        if not TENANT_ID.fullmatch(made.id):
            raise BadTenant("An id has 1 to 64 letters, digits, dots, dashes or underscores, and begins with no sign.")
        try:
            await self.tenants.add(made)
        except TenantExists:
            raise BadTenant(f"There is a tenant {made.id!r} already. Leave the id out, or choose another.") from None
        return made

    def find(self, tenant_id: str) -> Tenant:
        """The tenant of that id, also one that ends; raises NoSuchTenant."""
        found = self.tenants.get(tenant_id)
        if found is None:
            raise NoSuchTenant(f"There is no tenant {tenant_id!r}. List them: evergrant tenants list")
        return found

    def serves(self, tenant_id: str) -> bool:
        """Whether there is such a tenant, and nobody is removing it."""
        found = self.tenants.get(tenant_id)
        return found is not None and not found.ends

    def every(self) -> list[Tenant]:
        """All of them, by id."""
        found: list[Tenant] = []
        while page := self.tenants.page(found[-1].id if found else None, 1000):
            found += page
        return found

    def holdings(self, tenant: Tenant) -> Holdings:
        """What it has."""
        return self.tenants.holdings(tenant.id)

    async def change(self, tenant_id: str, to: Callable[[Tenant], Tenant]) -> Tenant:
        """The tenant with the name and the limit that `to` makes of what it is now; raises NoSuchTenant, BadTenant."""

        def allowed(found: Tenant) -> Tenant:
            wanted = to(found)
            return replace(wanted, name=_name(wanted.name), rate=_checked(wanted.rate))

        return await self.tenants.change(tenant_id, allowed) or self.find(tenant_id)

    async def remove(self, tenant_id: str, *, purge: bool = False) -> Sequence[Receipt]:
        """Remove a tenant that has nothing; with `purge` another too, and all of its accounts are ended first.

        Returns what became of the grants of each account. One that its provider did not revoke is forgotten here all
        the same, and its receipt says where it lives on. Broken off, it can be begun again. Raises NoSuchTenant,
        CannotRemoveTenant.
        """
        self.find(tenant_id)
        if tenant_id == LOCAL_TENANT:
            raise CannotRemoveTenant("This is the vault's own tenant, which every vault has. Remove what it has.")
        return await self._purge(tenant_id) if purge else await self._remove_empty(tenant_id)

    async def _remove_empty(self, tenant_id: str) -> Sequence[Receipt]:
        if left := await self.tenants.remove_empty(tenant_id):
            raise CannotRemoveTenant(
                f"It still has accounts ({left.accounts}), connections ({left.connections}), keys ({left.keys}) and "
                f"webhook endpoints ({left.webhook_endpoints}). Remove them first, or have all of it ended: purge"
            )
        return ()

    async def _purge(self, tenant_id: str) -> Sequence[Receipt]:
        receipts: list[Receipt] = []
        await self.tenants.begin_end(tenant_id)
        await self.panic.end_all(receipts.append, [tenant_id], shred_failed=True)
        try:
            await self.tenants.wipe(tenant_id, self.clock.now() - REDEEMED_WITHIN)
        except TenantInUse:
            raise CannotRemoveTenant(
                "Somebody is just connecting an account of it, so not all of it is gone yet. Remove it again in a "
                "few minutes."
            ) from None
        return receipts


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadTenant(f"A tenant has a name of 1 to {LONGEST_NAME} characters, by which you know it again.")
    return name


def _checked(rate: Rate | None) -> Rate | None:
    if rate and not (0 < rate.per_s <= FASTEST_PER_S and 1 <= rate.burst <= LARGEST_BURST):
        raise BadTenant("A limit is of more than 0 requests a second, with a burst of at least one.")
    return rate
