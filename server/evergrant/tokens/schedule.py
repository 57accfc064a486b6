"""Renewing what is due: the due times lie in the database, so that a tick costs what is due and nothing at idle."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from evergrant.model.account import AccountKey
from evergrant.model.clock import Clock
from evergrant.model.outcome import Refused
from evergrant.store.database import StoreUnavailable
from evergrant.tokens.source import TokenSource
from evergrant.vault.grants import Grants
from evergrant.vault.seal import SealBroken

BATCH = 100
IN_FLIGHT = 8
UNRENEWABLE_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Renews due accounts in batches, a few at a time."""

    grants: Grants
    tokens: TokenSource
    clock: Clock

    async def tick(self) -> datetime | None:
        """Renew what is due now; returns when the next account is due (UTC), None where none ever is."""
        places = asyncio.Semaphore(IN_FLIGHT)
        due = self.grants.due(self.clock.now(), BATCH)
        await asyncio.gather(*(self._renew(key, places) for key in due))
        return self.grants.next_due()

    async def _renew(self, key: AccountKey, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                await self.tokens.renew(key)
            except StoreUnavailable:
                return  # the next tick finds it due again
            except (Refused, SealBroken, LookupError, OSError):
                # Most failures have stored a next time already; what cannot be renewed at all must not head every tick.
                now = self.clock.now()
                await self.grants.put_off(key, now, now + UNRENEWABLE_PAUSE)
