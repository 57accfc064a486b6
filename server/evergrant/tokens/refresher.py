"""One exchange of a refresh token, so that nothing is lost when anything stops in the middle.

Intent before the request, one request, the success on disk before anyone uses it. A success commits by generation, a
failure by fence (`docs/explanation/refresh.md`).
"""

import random
from dataclasses import dataclass
from datetime import datetime

from evergrant.catalog.catalog import Catalog, UnknownConnector
from evergrant.model.account import AccountKey, Cause, Connection
from evergrant.model.clock import Clock
from evergrant.model.event import connection_faulted, connection_recovered
from evergrant.model.event import reauth_required as reauth_event
from evergrant.model.failpoint import FailPoint
from evergrant.model.grant import Grant, renewal_time
from evergrant.oauth.answer import Issued, Rejected
from evergrant.oauth.endpoint import EXCHANGE_DEADLINE_S, Client, TokenEndpoint
from evergrant.oauth.values import BadAccountValue, from_token
from evergrant.store.locks import AccountLocks
from evergrant.tokens.policy import EARLIEST_SHARE, LATEST_SHARE, resend_at, retry_at
from evergrant.tokens.refusals import ReauthUrl, connection_fault, reauth_required, unavailable, unknown_account
from evergrant.vault.connections import Connections
from evergrant.vault.grants import Grants, Held, Renewed


@dataclass(frozen=True, slots=True)
class Refresher:
    """Renews grants; at most one exchange per account at a time among all processes of this vault."""

    catalog: Catalog
    connections: Connections
    grants: Grants
    locks: AccountLocks
    endpoint: TokenEndpoint
    clock: Clock
    random: random.Random
    reauth_url: ReauthUrl
    failpoint: FailPoint

    async def renew(self, key: AccountKey, newer_than: int) -> Held:
        """The account with a grant of a generation above `newer_than` that is not expired.

        Exchanges the refresh token where that is due, and waits once for a lost answer to settle. Raises Refused.
        """
        async with self.locks.hold(key):
            held = await self._attempt(key, newer_than)
            if not self._serves(held, newer_than) and await self._settled(held):
                held = await self._attempt(key, newer_than)
            if not self._serves(held, newer_than):
                raise unavailable(held.account, "it gave no answer", held.grant.refresh_at, self.clock.now())
            return held

    async def _settled(self, held: Held) -> bool:
        """Wait for the moment when a token whose answer was lost may be sent again; False where that is not soon."""
        again = self._again(held)
        wait = (again - self.clock.now()).total_seconds() if again else 0.0
        if again is None or wait > EXCHANGE_DEADLINE_S:
            return False
        await self.clock.sleep(max(wait, 0.0))
        return True

    async def _attempt(self, key: AccountKey, newer_than: int) -> Held:
        now = self.clock.now()
        client = self._client(key)  # what is wrong with the connection shows before the intent is written
        held, begun = await self.grants.begin(key, now, lambda held: self._should_exchange(held, newer_than, now))
        if held is None:
            raise unknown_account()
        if held.account.state != "active":
            raise reauth_required(held.account, self.reauth_url)
        if not begun:
            return await self._put_off(held, now)
        self.failpoint("intent_written")
        return await self._exchange(client, held, newer_than)

    def _should_exchange(self, held: Held, newer_than: int, now: datetime) -> bool:
        grant = held.grant
        needed = grant.generation <= newer_than or not grant.usable(now)
        if held.account.state != "active" or not (needed or _is_due(grant, now)):
            return False
        again = self._again(held)
        backing_off = held.attempts > 1 and not _is_due(grant, now)
        return not backing_off and (again is None or again <= now)

    async def _put_off(self, held: Held, now: datetime) -> Held:
        """An account that is due but must wait for a lost answer to settle would head every tick's batch until then."""
        again = self._again(held)
        if again is not None and again > now and _is_due(held.grant, now):
            await self.grants.put_off(held.account.key, now, again)
        return held

    def _again(self, held: Held) -> datetime | None:
        return resend_at(self.catalog.connector(held.account.connector).grant, held, self.clock.now())

    def _serves(self, held: Held, newer_than: int) -> bool:
        return held.grant.generation > newer_than and not held.grant.expired(self.clock.now())

    async def _exchange(self, client: Client, held: Held, newer_than: int) -> Held:
        if held.grant.refresh_token is None:
            ended = held.grant.expired(self.clock.now())
            return await self._bury(held, "no_refresh_token", "absolute_expired" if ended else "unknown")
        answer = await self.endpoint.refresh(client, held.grant.refresh_token)
        if isinstance(answer, Issued):
            return await self._commit(client, held, answer)
        if answer.class_ == "terminal":
            cause: Cause = "rotation_lost" if held.intent_at is not None else "revoked"
            return await self._bury(held, answer.code or "invalid_grant", cause)
        return await self._postpone(client.connection, held, answer, newer_than)

    async def _commit(self, client: Client, held: Held, issued: Issued) -> Held:
        try:
            values = from_token(client.connector, issued.body)
        except BadAccountValue:
            values = {}  # a strange host in an answer never replaces a good one
        renewed = Renewed(
            self.successor(issued, held.grant),
            values={**held.account.values, **values},
            scopes_granted=held.account.scopes_granted if issued.scopes is None else issued.scopes,
        )
        self.failpoint("before_commit")
        stored = await self.grants.commit(held, renewed)
        self.failpoint("committed")
        if client.connection.fault:
            recovered = connection_recovered(client.connection, self.clock.now())
            await self.connections.set_fault(client.connection, None, recovered)
        if stored is None:
            raise unknown_account()
        return stored

    def successor(self, issued: Issued, former: Grant | None) -> Grant:
        """The grant that an answer makes; without a new refresh token the former one goes on (RFC 6749 6)."""
        share = self.random.uniform(EARLIEST_SHARE, LATEST_SHARE)
        kept = former.refresh_token if former else None
        return Grant(
            generation=former.generation + 1 if former else 1,
            access_token=issued.access_token,
            refresh_token=issued.refresh_token or kept,
            issued_at=issued.issued_at,
            expires_at=issued.expires_at,
            refresh_at=renewal_time(issued.issued_at, issued.expires_at, share)
            if issued.refresh_token or kept
            else None,
        )

    async def _bury(self, held: Held, code: str, cause: Cause) -> Held:
        """The provider's terminal word; it counts only if nothing has overtaken this attempt."""
        event = reauth_event(held.account, code, cause, self.reauth_url(held.account.key), self.clock.now())
        stored = await self.grants.bury(held, cause, event)
        if stored is None:
            raise unknown_account()
        if stored.account.state != "active":
            raise reauth_required(stored.account, self.reauth_url)
        return stored

    async def _postpone(self, connection: Connection, held: Held, answer: Rejected, newer_than: int) -> Held:
        """Not a word about the grant: keep it, say when to try again."""
        now = self.clock.now()
        code = answer.code or answer.class_
        again = retry_at(held.attempts, now, answer.retry_after_s)
        stored = await self.grants.fail(held, code, again, may_be_spent=answer.may_be_spent)
        if stored is None:
            raise unknown_account()
        if answer.class_ in ("config", "permission"):
            await self.connections.set_fault(connection, code, connection_faulted(connection, code, now))
            if not self._serves(stored, newer_than):
                raise connection_fault(stored.account, code)
        return stored

    def _client(self, key: AccountKey) -> Client:
        held = self.grants.load(key)
        if held is None:
            raise unknown_account()
        account = held.account
        connection = self.connections.by_id(account.tenant_id, account.connection_id)
        if connection is None:
            raise connection_fault(account, "connection_removed")
        try:
            return Client(self.catalog.connector(account.connector), connection, account.values)
        except UnknownConnector:
            raise connection_fault(account, "connector_removed") from None


def _is_due(grant: Grant, now: datetime) -> bool:
    return grant.refresh_at is not None and grant.refresh_at <= now
