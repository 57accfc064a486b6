"""The grant that an answer makes: what it says, what goes on from before, and when it is to be renewed."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evergrant.catalog.connector import Connector, GrantPolicy
from evergrant.model.clock import Clock
from evergrant.model.grant import Grant
from evergrant.oauth.answer import Issued
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.tokens.policy import EARLIEST_SHARE, EXERCISE_AT_LEAST, LATEST_SHARE, Renewal, renewal
from evergrant.vault.agenda import Agenda
from evergrant.vault.grants import Grants, Held

HALF_SLOT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Successors:
    """Makes grants of answers, each with a renewal time of its own."""

    grants: Grants
    agenda: Agenda
    endpoint: TokenEndpoint
    clock: Clock
    random: random.Random

    def of(self, connector: Connector, issued: Issued, former: Grant | None) -> Grant:
        """The grant that an answer makes; without a new refresh token the former one goes on (RFC 6749 6)."""
        refresh_token = issued.refresh_token or (former.refresh_token if former else None)
        slot = self._slot(connector.grant, issued.issued_at, issued.expires_at) if refresh_token else None
        return Grant(
            generation=former.generation + 1 if former else 1,
            access_token=issued.access_token,
            refresh_token=refresh_token,
            issued_at=issued.issued_at,
            expires_at=issued.expires_at,
            refresh_at=slot.refresh_at if slot else self.next_look(connector, issued.issued_at),
            renew_from=slot.renew_from if slot else None,
            refresh_expires_at=issued.refresh_expires_at or _same_end(issued, former),
        )

    def next_look(self, connector: Connector, now: datetime) -> datetime | None:
        """When to ask whether an access token that cannot be renewed is still good; None where nobody can be asked."""
        if connector.identity.request is None:
            return None
        return now + EXERCISE_AT_LEAST * self.random.uniform(EARLIEST_SHARE, LATEST_SHARE)

    def _slot(self, policy: GrantPolicy, issued_at: datetime, expires_at: datetime | None) -> Renewal:
        """The emptier one of two renewal times drawn at random, which keeps the load even."""
        draws = [self.random.uniform(EARLIEST_SHARE, LATEST_SHARE) for _ in range(2)]
        slots = [renewal(policy, issued_at, expires_at, share) for share in draws]
        return min(slots, key=lambda slot: self.agenda.crowd(slot.refresh_at - HALF_SLOT, slot.refresh_at + HALF_SLOT))

    async def learn_end(self, client: Client, held: Held) -> Held:
        """Ask the provider when a stored access token ends, where its answer did not say (Salesforce)."""
        end = await self.endpoint.introspect(client, held.grant)
        if end is None or end <= self.clock.now():
            return held
        slot = self._slot(client.connector.grant, held.grant.issued_at, end) if held.grant.refresh_token else None
        known = replace(held.grant, expires_at=end, refresh_at=slot.refresh_at if slot else None)
        return await self.grants.set_end(held, known) or held


def _same_end(issued: Issued, former: Grant | None) -> datetime | None:
    """A refresh token that goes on ends when it was to end before."""
    goes_on = former is not None and issued.refresh_token in (None, former.refresh_token)
    return former.refresh_expires_at if former and goes_on else None
