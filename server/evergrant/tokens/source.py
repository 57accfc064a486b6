"""The only way from an account to a token that may be used."""

import asyncio

from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.tokens.refresher import Refresher
from evergrant.tokens.refusals import unknown_account
from evergrant.vault.grants import Grants, Held


class TokenSource:
    """Grants that are fit for use; any number of callers in this process share one renewal of an account."""

    def __init__(self, grants: Grants, refresher: Refresher, clock: Clock) -> None:
        self._grants = grants
        self._refresher = refresher
        self._clock = clock
        self._flights: dict[AccountKey, asyncio.Task[Held]] = {}

    async def grant(self, key: AccountKey, *, newer_than: int = 0) -> Held:
        """The account with a grant that lives and is of a generation above `newer_than`, the last one refused.

        The stored one where it will do, else a renewed one. Raises Refused. A caller that is cancelled, or goes
        away, does not disturb the renewal.
        """
        held = self._load(key)
        while not self._will_do(held, newer_than):
            held = await self.renew(key, newer_than)
            if held.grant.generation > newer_than:
                return held
        return held

    def account(self, key: AccountKey) -> ConnectedAccount:
        """The account as stored; raises Refused."""
        return self._load(key).account

    def generation(self, key: AccountKey) -> int:
        """How many grants the account has had: one at its consent, one more at each exchange; raises Refused."""
        return self._load(key).grant.generation

    async def renew(self, key: AccountKey, newer_than: int = 0) -> Held:
        """Join the renewal of this account that is under way, or start one; raises Refused."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._refresher.renew(key, newer_than))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def _load(self, key: AccountKey) -> Held:
        held = self._grants.load(key)
        if held is None:
            raise unknown_account()
        return held

    async def drain(self) -> None:
        """Let the exchanges under way come to their end: each may hold a token that is only good once."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    def _landed(self, key: AccountKey, flight: asyncio.Task[Held]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # taken note of here too: its callers may all have gone

    def _will_do(self, held: Held, newer_than: int) -> bool:
        usable = held.account.state == "active" and held.grant.usable(self._clock.now())
        return usable and held.grant.generation > newer_than
