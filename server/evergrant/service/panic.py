"""Ending every grant at once: all accounts are stopped, each is revoked at its provider, then shredded here.

Stopping comes first, in one transaction, so no agent uses and no process renews a grant that waits for its turn. An
account that the provider did not revoke stays, stopped, so that the work can be taken up again.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace

from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.service.revoking import Plan, Receipt, Revoker
from evergrant.store.database import StoreUnavailable
from evergrant.store.locks import AccountLocks, LockBusy
from evergrant.tokens.places import Places
from evergrant.tokens.refresher import Refresher
from evergrant.vault.accounts import Accounts
from evergrant.vault.seal import SealBroken

Told = Callable[[Receipt], None]
"""Called for each account, once its provider has answered and before it is shredded."""


@dataclass(frozen=True, slots=True)
class Panic:
    """Ends all accounts of some tenants, a few at a time at each host."""

    accounts: Accounts
    revoker: Revoker
    refresher: Refresher
    locks: AccountLocks
    places: Places

    def all(self, tenants: Iterable[str] = ()) -> list[ConnectedAccount]:
        """The accounts of these tenants; of every tenant where none is named."""
        return [account for tenant in tenants or self.accounts.tenants() for account in self.accounts.all(tenant)]

    def rehearse(self, tenants: Iterable[str] = ()) -> list[Plan]:
        """What would be sent for each account; sends and changes nothing."""
        return [self.revoker.plan(account) for account in self.all(tenants)]

    async def end_all(self, told: Told, tenants: Iterable[str] = (), *, shred_failed: bool) -> None:
        """End every account, those that are connected meanwhile too; cancelled, it leaves the rest for the next time.

        Raises StoreUnavailable where nothing can be begun.
        """
        tenants, done = tuple(tenants), set[AccountKey]()
        while todo := [account for account in self.all(tenants) if account.key not in done]:
            await self.accounts.block([account.key for account in todo])
            await self._take_from_spool()
            await asyncio.gather(*(self._end(account, told, shred_failed=shred_failed) for account in todo))
            done.update(account.key for account in todo)

    async def _take_from_spool(self) -> None:
        """A token that could not be written may be the only one with which a grant can be ended."""
        try:
            await self.refresher.take_from_spool()
        except (SealBroken, OSError):
            return  # what is in the database is ended all the same

    async def _end(self, account: ConnectedAccount, told: Told, *, shred_failed: bool) -> None:
        async with self.places.at(self.revoker.host(account)), AsyncExitStack() as held:
            with suppress(LockBusy):  # a process that is stopped must not keep a grant alive
                await held.enter_async_context(self.locks.hold(account.key))
            try:
                await self._end_here(account, told, shred_failed=shred_failed)
            except StoreUnavailable as error:
                told(_failed(account, f"the vault could not be used: {error}", kept=True))

    async def _end_here(self, account: ConnectedAccount, told: Told, *, shred_failed: bool) -> None:
        current = self.accounts.get(account.key)
        if current is None:
            told(_failed(account, "another command took it away meanwhile", kept=False))
            return
        receipt = await self.revoker.revoke(current)
        receipt = replace(receipt, kept=receipt.outcome == "failed" and not shred_failed)
        told(receipt)
        if receipt.kept:
            # Once more: an exchange that was under way at first may have made it due again.
            await self.accounts.block([account.key])
        else:
            await self.accounts.remove(account.key)


def _failed(account: ConnectedAccount, why: str, *, kept: bool) -> Receipt:
    return Receipt(account, "failed", why, grants=0, revoked=0, help=None, access_token_until=None, kept=kept)
