"""What becomes of a grant whose exchange brought no tokens: kept for later, or dead, with its event and its cause."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evergrant.catalog.errors import ErrorClass
from evergrant.model.account import Cause
from evergrant.model.clock import Clock
from evergrant.model.event import connection_faulted, refresh_failing
from evergrant.model.event import reauth_required as reauth_event
from evergrant.model.exchange import Death, Told, nobody
from evergrant.model.grant import Grant
from evergrant.oauth.answer import Rejected
from evergrant.oauth.endpoint import Client
from evergrant.tokens.policy import cause_of_death, next_try, serves
from evergrant.tokens.refusals import ReauthUrl, connection_fault, reauth_required, unavailable, unknown_account
from evergrant.tokens.successor import Successors
from evergrant.vault.accounts import Accounts
from evergrant.vault.connections import Connections
from evergrant.vault.grants import Grants, Held

TOLD_AFTER = 3
"""Failures in a row before anyone is told: what is over within seconds is no news."""
Verdict = Callable[[Client, Grant], Awaitable[ErrorClass | None]]
"""What the provider says of an access token when it is asked who it belongs to; None: that it is good."""


@dataclass(frozen=True, slots=True)
class Setbacks:
    """Records what an exchange that failed says of the grant, or of the OAuth client."""

    accounts: Accounts
    connections: Connections
    grants: Grants
    successors: Successors
    clock: Clock
    reauth_url: ReauthUrl
    verdict: Verdict
    told: Told = nobody

    async def postpone(self, client: Client, held: Held, answer: Rejected, newer_than: int) -> Held:
        """Not a word about the grant: keep it, say when to try again. Raises Refused where the client is at fault."""
        now, policy = self.clock.now(), client.connector.grant
        code = answer.code or answer.class_
        again = next_try(policy, held, now, answer.retry_after_s, may_be_spent=answer.may_be_spent)
        asked = again if answer.retry_after_s else None
        lasts = answer.class_ in ("transient", "ratelimit") and held.attempts + 1 >= TOLD_AFTER
        event = refresh_failing(held.account, code, now) if lasts and not held.grant.usable(now) else None
        stored = await self.grants.fail(
            held, code, again, may_be_spent=answer.may_be_spent, not_before=asked, event=event
        )
        if stored is None:
            raise unknown_account()
        if answer.class_ in ("config", "permission"):
            faulted = connection_faulted(client.connection, code, now)
            await self.connections.set_fault(client.connection, code, faulted)
            if not serves(stored, newer_than, now):
                raise connection_fault(stored.account, code)
        return stored

    async def tell_failing(self, held: Held) -> None:
        """Tell once that calls wait for a provider in trouble, where no exchange may be tried just now."""
        now = self.clock.now()
        if not held.failing and not held.dead and not held.grant.usable(now):
            await self.grants.tell_failing(held, refresh_failing(held.account, held.last_error or "no_answer", now))

    async def exercise(self, client: Client, held: Held, newer_than: int) -> Held:
        """A grant that cannot be renewed is as good as its access token: the provider is asked, daily and on doubt.

        Raises Refused where it is dead, or where its API refuses what the provider calls good.
        """
        now = self.clock.now()
        if held.grant.expired(now):
            return await self._bury(held, "no_refresh_token", "absolute_expired")
        verdict = await self.verdict(client, held.grant)
        if verdict in ("refresh", "terminal"):
            return await self._bury(held, "no_refresh_token", "revoked")
        if verdict is not None:
            return await self.postpone(client, held, Rejected("transient", verdict, None), newer_than)
        stored = await self.grants.exercised(held, self.successors.next_look(client.connector, now)) or held
        if not serves(stored, newer_than, now):
            raise unavailable(stored.account, "its API refuses a token that it calls good", None, now)
        return stored

    async def bury(self, client: Client, held: Held, code: str) -> Held:
        """The provider's terminal word; it counts only if nothing has overtaken this attempt. Raises Refused."""
        later = self.accounts.later_consents(held.account, client.connection.client_id, held.consented_at)
        return await self._bury(held, code, cause_of_death(client.connector.grant, held, later, self.clock.now()))

    async def _bury(self, held: Held, code: str, cause: Cause) -> Held:
        event = reauth_event(held.account, code, cause, self.reauth_url(held.account.key).url, self.clock.now())
        stored = await self.grants.bury(held, cause, event)
        if stored is None:
            raise unknown_account()
        if (stored.fence, stored.grant.generation) == (held.fence, held.grant.generation) and stored.dead:
            generation, now = held.grant.generation, self.clock.now()
            self.told(Death(held.key, held.account.connector, generation, now, cause, code))
        if stored.dead:
            raise reauth_required(stored.account, self.reauth_url)
        return stored
