"""One exchange of a refresh token, so that nothing is lost when anything stops in the middle.

Intent before the request, one request, the success on disk before anyone uses it. A success commits by generation, a
failure by fence (`docs/explanation/refresh.md`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evergrant.catalog.account_value import BadAccountValue
from evergrant.catalog.catalog import Catalog, UnknownConnector
from evergrant.catalog.connector import GrantPolicy
from evergrant.catalog.declaration import DeclarationError
from evergrant.model.account import AccountKey, GrantKey
from evergrant.model.clock import Clock
from evergrant.model.event import Event, connection_recovered, expiring_soon
from evergrant.model.exchange import Exchange, Told, nobody
from evergrant.model.failpoint import FailPoint
from evergrant.model.grant import Grant
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued, Rejected
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.oauth.values import from_token
from evergrant.spans import failed, refresh_span
from evergrant.store.database import StoreUnavailable
from evergrant.store.locks import AccountLocks, LockBusy
from evergrant.tokens.attempt import exchanged, where_kept
from evergrant.tokens.breaker import Breakers
from evergrant.tokens.places import Places, token_host
from evergrant.tokens.policy import ends_soon, floor, refresh_token_end, resend_at, rotates, serves
from evergrant.tokens.refusals import (
    connection_fault,
    reauth_required,
    unavailable,
    unknown_account,
    why_unavailable,
)
from evergrant.tokens.setbacks import Setbacks
from evergrant.tokens.successor import Successors
from evergrant.vault.agenda import Agenda
from evergrant.vault.connections import Connections
from evergrant.vault.grants import Grants, Held, Renewed
from evergrant.vault.spool import Spool

RESTORED = "the vault was restored from a backup; its operator runs: evergrant vault accept-restore"

RESTORED_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Locked:
    """The moment at which an account's lock became ours; waits from there go by elapsed time, which nobody can set."""

    at: datetime
    elapsed_s: float

    def now(self, clock: Clock) -> datetime:
        return self.at + timedelta(seconds=clock.monotonic() - self.elapsed_s)


@dataclass(frozen=True, slots=True)
class Refresher:
    """Renews grants; at most one exchange per account at a time among all processes of this vault."""

    catalog: Catalog
    connections: Connections
    grants: Grants
    agenda: Agenda
    locks: AccountLocks
    endpoint: TokenEndpoint
    clock: Clock
    successors: Successors
    setbacks: Setbacks
    failpoint: FailPoint
    spool: Spool
    breakers: Breakers
    places: Places
    restored: Callable[[], bool]
    """Whether the vault is a copy whose rotating grants must not be touched yet."""
    told: Told = nobody

    async def renew(self, key: GrantKey, newer_than: int) -> Held:
        """The account with a grant of a generation above `newer_than` that is not expired.

        Exchanges the refresh token where that is due, and waits once for a lost answer to settle. Raises Refused.
        """
        self.failpoint("renewal_begun")
        try:
            async with self.locks.hold(key):
                self.failpoint("locked")
                return await self._renew(key, newer_than)
        except LockBusy:
            return self._stored(key, newer_than, "another process holds up the renewal", None)

    async def _renew(self, key: GrantKey, newer_than: int) -> Held:
        locked = self._locked()
        held = await self._attempt(key, newer_than, locked)
        wanted = not self._serves(held, newer_than) or _is_due(held.grant, self.clock.now())
        if wanted and await self._settled(held, locked):
            held = await self._attempt(key, newer_than, locked)
        if not self._serves(held, newer_than):
            raise unavailable(held.account, why_unavailable(held.last_error), held.grant.refresh_at, self.clock.now())
        return held

    def _locked(self) -> Locked:
        return Locked(self.clock.now(), self.clock.monotonic())

    def _stored(self, key: GrantKey, newer_than: int, why: str | None, again: datetime | None) -> Held:
        """What is stored, if that serves, where no exchange may be made now; raises Refused with the reason."""
        held = self.grants.load(key)
        if held is None:
            raise unknown_account()
        if held.dead:
            raise reauth_required(held.account, self.setbacks.reauth_url)
        if not self._serves(held, newer_than):
            raise unavailable(held.account, why or why_unavailable(held.last_error), again, self.clock.now())
        return held

    async def _settled(self, held: Held, locked: Locked) -> bool:
        """Wait for the moment when a token whose answer was lost may be sent again; False where that is not soon."""
        again = self._again(held, locked)
        wait = (again - locked.now(self.clock)).total_seconds() if again else 0.0
        if again is None or wait > 1.25 * self.endpoint.deadline_s:
            return False
        await self.clock.sleep(max(wait, 0.0))
        return True

    async def _attempt(self, key: GrantKey, newer_than: int, locked: Locked) -> Held:
        """One try, when there is a place at the token host; the intent is written only then, so its time is true."""
        await self.take_from_spool()
        client, held = self._client(key)  # what is wrong with the connection shows before the intent is written
        if self.restored() and rotates(client.connector.grant, held):
            return await self._left_alone(key, newer_than)
        async with self.places.at(token_host(client.connector, client.account)):
            if not self.breakers.admits(client.connection.id):  # the provider is in trouble: no token is risked
                await self.setbacks.tell_failing(held)
                again = self.clock.now() + timedelta(seconds=self.breakers.wait_s(client.connection.id))
                return self._stored(key, newer_than, None, again)
            return await self._attempt_here(client, key, newer_than, locked)

    async def _left_alone(self, key: GrantKey, newer_than: int) -> Held:
        """What is stored, looked at again in a while: it must not take the ticks' places from what may be renewed."""
        now = self.clock.now()
        await self.agenda.put_off(key, now, now + RESTORED_PAUSE)
        return self._stored(key, newer_than, RESTORED, None)

    async def _attempt_here(self, client: Client, key: GrantKey, newer_than: int, locked: Locked) -> Held:
        now = self.clock.now()
        held, begun = await self.grants.begin(key, now, lambda held: self._should_exchange(held, newer_than, locked))
        if held is None:
            raise unknown_account()
        if held.dead:
            raise reauth_required(held.account, self.setbacks.reauth_url)
        if not begun:
            return await self._put_off(held, locked)
        self.failpoint("intent_written")
        if self._stale(now):
            await self.grants.withdraw(held)  # this process was stopped: say anew when the token is sent
            return await self._attempt_here(client, key, newer_than, locked)
        return await self._exchange(client, held, newer_than)

    def _stale(self, intent_at: datetime) -> bool:
        """The guard: whether so much time has passed since the intent that its time would mislead a successor."""
        return (self.clock.now() - intent_at).total_seconds() > self.endpoint.deadline_s / 2

    def _should_exchange(self, held: Held, newer_than: int, locked: Locked) -> bool:
        grant, now = held.grant, self.clock.now()
        needed = grant.generation <= newer_than or not grant.usable(now)
        if held.dead or not (needed or _is_due(grant, now)):
            return False
        again = self._again(held, locked)
        waited_out = held.attempts == 1 and held.intent_at is not None
        backing_off = held.attempts > 0 and not waited_out and not _is_due(grant, now)
        return not backing_off and (again is None or again <= locked.now(self.clock))

    async def _put_off(self, held: Held, locked: Locked) -> Held:
        """An account that is due but must wait for a lost answer to settle would head every tick's batch until then."""
        again, now = self._again(held, locked), self.clock.now()
        if again is not None and again > locked.now(self.clock) and _is_due(held.grant, now):
            await self.agenda.put_off(held.key, now, again)
        return held

    def _again(self, held: Held, locked: Locked) -> datetime | None:
        """From when an exchange may be sent: a lost one must have settled, and stragglers be gone; None: at once."""
        again = resend_at(self._policy(held), held, self.clock.now(), self.endpoint.deadline_s, locked.at)
        times = [moment for moment in (again, held.not_before) if moment is not None]
        return max(times, default=None)

    def _policy(self, held: Held) -> GrantPolicy:
        return self.catalog.connector(held.account.connector).grant

    def _serves(self, held: Held, newer_than: int) -> bool:
        return serves(held, newer_than, self.clock.now())

    async def _exchange(self, client: Client, held: Held, newer_than: int) -> Held:
        if held.grant.refresh_token is None:
            return await self.setbacks.exercise(client, held, newer_than)
        self.breakers.begun(client.connection.id)
        answer, exchange = await self._redeemed(client, held, held.grant.refresh_token)
        if isinstance(answer, Issued):
            self.breakers.succeeded(client.connection.id)
            return await self._commit(client, held, answer, exchange)
        self._note_health(client, answer)
        if answer.class_ == "terminal":
            return await self._last_resort(client, held, answer, newer_than)
        return await self.setbacks.postpone(client, held, answer, newer_than)

    async def _redeemed(self, client: Client, held: Held, token: Secret) -> tuple[Issued | Rejected, Exchange]:
        """The answer, and what is to be told of it: a failure was told already, a success is told once it is kept."""
        began = self.clock.monotonic()
        with refresh_span(held.account.connector) as span:
            answer = await self.endpoint.refresh(client, token)
            took = self.clock.monotonic() - began
            exchange = exchanged(held, answer, self.clock.now(), took)
            if isinstance(answer, Rejected):
                failed(span, exchange.result)
                self.told(exchange)
            return answer, exchange

    def _note_health(self, client: Client, answer: Rejected) -> None:
        """A refusal in words shows a provider that works; a rate limit says neither."""
        if answer.class_ == "transient":
            self.breakers.failed(client)
        elif answer.class_ != "ratelimit":
            self.breakers.succeeded(client.connection.id)

    async def _last_resort(self, client: Client, held: Held, answer: Rejected, newer_than: int) -> Held:
        """Before a terminal word is believed: a success that came late, and the token before, within its grace."""
        now = self.clock.now()
        current = self.grants.load(held.key)
        moved = current is not None and current.grant.generation != held.grant.generation
        if moved or await self.grants.adopt_orphan(held, now):
            return await self._attempt_here(client, held.key, newer_than, self._locked())
        if held.previous is not None and self._in_grace(held, now):
            retried, exchange = await self._redeemed(client, held, held.previous)
            if isinstance(retried, Issued):
                return await self._commit(client, held, retried, exchange)
            if retried.class_ != "terminal":
                return await self.setbacks.postpone(client, held, retried, newer_than)
        return await self.setbacks.bury(client, held, answer.code or "invalid_grant")

    def _in_grace(self, held: Held, now: datetime) -> bool:
        return now < held.grant.issued_at + timedelta(seconds=self._policy(held).grace_s)

    async def _commit(self, client: Client, held: Held, issued: Issued, exchange: Exchange) -> Held:
        try:
            values = from_token(client.connector, issued.body)
        except BadAccountValue:
            values = {}  # a strange host in an answer never replaces a good one
        renewed = Renewed(
            self.successors.of(client.connector, issued, held.grant),
            values={**held.account.values, **values},
            scopes_granted=self._scopes(client, held, issued),
        )
        self.failpoint("before_commit")
        stored = await self._keep(held, renewed, exchange)
        self.failpoint("committed")
        if client.connection.fault:
            recovered = connection_recovered(client.connection, self.clock.now())
            await self.connections.set_fault(client.connection, None, recovered)
        if stored is None:
            await self._take_back(client, held, renewed)
            raise unknown_account()
        return stored if issued.end_stated else await self.successors.learn_end(client, stored)

    async def _take_back(self, client: Client, held: Held, renewed: Renewed) -> None:
        """Where the account was removed while its token was renewed, the new one must not live on at the provider.

        Only then: where a consent has left this grant out, to end it might end that consent too.
        """
        if not self.grants.of_account(AccountKey(held.key.tenant_id, held.key.account_id)):
            await self.endpoint.revoke(client, renewed.grant)

    def _scopes(self, client: Client, held: Held, issued: Issued) -> tuple[str, ...]:
        """What is granted afterwards: the answer speaks of this credential's scopes only, or is silent."""
        granted, belongs_to = held.account.scopes_granted, client.connector.oauth.credential_of
        if issued.scopes is None:
            return granted
        return (*(scope for scope in granted if belongs_to(scope) != held.key.credential), *issued.scopes)

    async def _keep(self, held: Held, renewed: Renewed, exchange: Exchange) -> Held | None:
        """Put a success on disk: in the database, or where it cannot be written, in the spool."""
        result = "unsaved"
        try:
            earliest = floor(self._policy(held), held, self.clock.now(), self.endpoint.deadline_s)
            stored = await self.grants.commit(held, renewed, earliest, self._end_near(held, renewed))
            result = where_kept(stored, renewed)
            return stored
        except StoreUnavailable:
            self.spool.keep(held, renewed)
            result = "spooled"
            raise
        finally:
            self.told(replace(exchange, result=result))

    def _end_near(self, held: Held, renewed: Renewed) -> Event | None:
        """The event that the refresh token ends soon, where that is known and so."""
        now, since = self.clock.now(), held.consented_at
        end = refresh_token_end(self._policy(held), renewed.grant.refresh_expires_at, since)
        if end is None or since is None or not ends_soon(end, since, now):
            return None
        return expiring_soon(held.account, end, self.setbacks.reauth_url(held.account.key).url, now)

    async def take_from_spool(self) -> None:
        """What could not be written goes into the database, by the same rule: a success commits by generation."""
        for kept in self.spool.entries():
            if (held := self.grants.load(kept.key)) is not None:
                await self.grants.commit(replace(held, grant=replace(held.grant, generation=kept.base)), kept.renewed)
            self.spool.drop(kept)

    def _client(self, key: GrantKey) -> tuple[Client, Held]:
        held = self.grants.load(key)
        if held is None:
            raise unknown_account()
        account = held.account
        connection = self.connections.by_id(account.tenant_id, account.connection_id)
        if connection is None or connection.connector != account.connector:  # a secret goes to its own provider only
            raise connection_fault(account, "connection_removed")
        try:
            client = Client(self.catalog.connector(account.connector), connection, account.values)
            client.expand(client.connector.oauth.token_endpoint or client.connector.base_url)
        except (UnknownConnector, DeclarationError):
            raise connection_fault(account, "connector_removed") from None
        except (KeyError, BadAccountValue):  # its file has changed since the account was connected
            raise connection_fault(account, "connector_changed") from None
        return client, held


def _is_due(grant: Grant, now: datetime) -> bool:
    return grant.refresh_at is not None and grant.refresh_at <= now
