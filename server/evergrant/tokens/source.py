"""The only way from an account to a token that may be used."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from evergrant.catalog.catalog import Catalog, UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.model.account import DEFAULT_CREDENTIAL, AccountKey, ConnectedAccount, GrantKey
from evergrant.model.clock import Clock
from evergrant.model.outcome import Refused
from evergrant.tokens.policy import serves
from evergrant.tokens.refresher import Refresher
from evergrant.tokens.refusals import not_granted, unknown_account
from evergrant.vault.grants import Grants, Held

EARLY_WAIT_S = 2.0
"""How long a call waits for an early exchange under way before it goes on with the token that still lives."""
CALLS_WAIT_S = 10.0
"""How long an exchange that will end the old access token lets the calls in flight finish."""


class TokenSource:
    """Grants that are fit for use; any number of callers in this process share one renewal of an account."""

    def __init__(self, catalog: Catalog, grants: Grants, refresher: Refresher, clock: Clock) -> None:
        self._catalog = catalog
        self._grants = grants
        self._refresher = refresher
        self._clock = clock
        self._flights: dict[GrantKey, asyncio.Task[Held]] = {}
        self._calls: Counter[GrantKey] = Counter()
        self._call_ended = asyncio.Event()

    @asynccontextmanager
    async def use(
        self, key: GrantKey, *, newer_than: int = 0, stored: Held | None = None
    ) -> AsyncGenerator[Held, None]:
        """A grant for one call, which counts as in flight for the block; raises Refused."""
        held = await self.grant(key, newer_than=newer_than, stored=stored)
        self._calls[key] += 1
        try:
            yield held
        finally:
            self._calls[key] -= 1
            if not self._calls[key]:
                del self._calls[key]
                self._call_ended.set()

    async def grant(self, key: GrantKey, *, newer_than: int = 0, stored: Held | None = None) -> Held:
        """The account with a grant that lives and is of a generation above `newer_than`, the last one refused.

        The stored one where it will do, else a renewed one; `stored` is that one, where it was read just now. Raises
        Refused. A caller that is cancelled, or goes away, does not disturb the renewal.
        """
        held = stored if stored and stored.key == key else self._load(key)
        if self._will_do(held, newer_than):
            return await self._after_early_exchange(key, held) if key in self._flights else held
        while not self._will_do(held, newer_than):
            held = await self._renewed(key, newer_than)
            if held.grant.generation > newer_than:
                return held
        return held

    async def _renewed(self, key: GrantKey, newer_than: int) -> Held:
        """The outcome of a renewal that may have been begun for another caller, one whose token the API had refused.

        That it brought nothing newer is no reason to refuse a caller for whom the stored token will do.
        """
        try:
            return await self.renew(key, newer_than)
        except Refused:
            held = self._load(key)
            if held.dead or not serves(held, newer_than, self._clock.now()):
                raise
            return held

    def stored(self, key: GrantKey) -> Held:
        """The account with its grant as stored, whether it can be used or not; raises Refused."""
        return self._load(key)

    def named(self, tenant_id: str, name: str) -> Held | None:
        """The tenant's account of that id or alias with its grant as stored; raises SealBroken."""
        return self._grants.named(tenant_id, name)

    def account(self, key: AccountKey) -> ConnectedAccount:
        """The account as stored; raises Refused."""
        return self.stored(GrantKey(*key)).account

    def has_ended(self, held: Held) -> bool:
        """Whether this grant's access token has ended by now."""
        return held.grant.expired(self._clock.now())

    def ends_within(self, held: Held, seconds: float) -> bool:
        """Whether this grant's access token ends so soon that it may do so on the way of a call."""
        end = held.grant.expires_at
        return end is not None and (end - self._clock.now()).total_seconds() <= seconds

    def generation(self, key: GrantKey) -> int:
        """How many grants the account has had: one at its consent, one more at each exchange; raises Refused."""
        return self._load(key).grant.generation

    async def renew(self, key: GrantKey, newer_than: int = 0) -> Held:
        """Join the renewal of this account that is under way, or start one; raises Refused."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._renew(key, newer_than))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    async def drain(self) -> None:
        """Let the exchanges under way come to their end: each may hold a token that is only good once."""
        if self._flights:
            await asyncio.wait(self._flights.values())  # unlike gather, cancelling this cancels none of them

    async def _renew(self, key: GrantKey, newer_than: int) -> Held:
        if self._ends_old_token(self._load(key)):
            await self._calls_to_end(key)
        return await self._refresher.renew(key, newer_than)

    async def _calls_to_end(self, key: GrantKey) -> None:
        """Until no call of the account is in flight, or the patience with them ends: then a 401 repeats them."""
        try:
            async with asyncio.timeout(CALLS_WAIT_S):
                while self._calls[key]:
                    self._call_ended.clear()
                    await self._call_ended.wait()
        except TimeoutError:
            return

    async def _after_early_exchange(self, key: GrantKey, held: Held) -> Held:
        """The newer grant if the exchange under way brings it soon; else the old one, unless that is ending."""
        flight = self._flights[key]
        patience = None if self._ends_old_token(held) else EARLY_WAIT_S
        await asyncio.wait([flight], timeout=patience)
        return self._load(key) if flight.done() else held

    def _ends_old_token(self, held: Held) -> bool:
        try:
            return self._catalog.connector(held.account.connector).grant.refresh_revokes_access_token
        except (UnknownConnector, DeclarationError):
            return False

    def _load(self, key: GrantKey) -> Held:
        held = self._grants.load(key)
        if held is not None:
            return held
        if key.credential != DEFAULT_CREDENTIAL and (other := self._grants.load(GrantKey(*key[:2]))):
            raise not_granted(other.account, key.credential, self._missing(other.account, key.credential))
        raise unknown_account()

    def _missing(self, account: ConnectedAccount, credential: str) -> tuple[str, ...]:
        belongs_to = self._catalog.connector(account.connector).oauth.credential_of
        return tuple(scope for scope in account.scopes_missing if belongs_to(scope) == credential)

    def _landed(self, key: GrantKey, flight: asyncio.Task[Held]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # taken note of here too: its callers may all have gone

    def _will_do(self, held: Held, newer_than: int) -> bool:
        usable = not held.dead and held.grant.usable(self._clock.now())
        return usable and held.grant.generation > newer_than
