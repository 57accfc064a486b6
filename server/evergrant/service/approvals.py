"""Approvals of kept calls: a person sees the call as it will be made, and says yes or no to that one.

An approval is bound to its arguments by where it is kept: with the call, whose input is sealed and changes no more. It
is good once, since a call runs once.
"""

from dataclasses import dataclass
from datetime import timedelta

from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.held_call import HeldCall
from evergrant.model.link import Claims, Link
from evergrant.model.outcome import ConfirmationRequired
from evergrant.service.approval_words import confirmation_required
from evergrant.service.links import ExpiredLink, ForeignLink, Links, UsedLink
from evergrant.vault.decisions import Decisions
from evergrant.vault.held_calls import KeptCalls

LONGEST_WHO = 300
"""Characters of the name of whoever decides."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who may see to it that a call runs, or never does."""

    calls: KeptCalls
    decisions: Decisions
    links: Links
    clock: Clock
    by_operator: bool
    """Whether only the operator decides: no link is made, and the word of a client counts for nothing."""

    def asked(self, call: HeldCall) -> ConfirmationRequired:
        """What is said of a call that waits for an approval, with a link for the person; raises StoreUnavailable."""
        return confirmation_required(call, self.account(call), None if self.by_operator else self._link(call))

    async def approve(self, tenant_id: str, call_id: str, by: str) -> bool:
        """Whether the call was waiting for it and may now run, once; raises StoreUnavailable."""
        return await self.decisions.approve(tenant_id, call_id, by[:LONGEST_WHO], self.clock.now())

    async def refuse(self, tenant_id: str, call_id: str, by: str) -> bool:
        """Whether the call was waiting for an approval and will now never run; raises StoreUnavailable."""
        return await self.decisions.refuse(tenant_id, call_id, by[:LONGEST_WHO], self.clock.now())

    def opened(self, handle: str) -> tuple[Claims, HeldCall]:
        """What a link asks about, while that is undecided; raises LinkRefused, StoreUnavailable, SealBroken."""
        claims = self.links.read(handle)
        if claims.purpose != "approve" or claims.call_id is None or self.by_operator:
            raise ForeignLink("This link was made for another place than this.")
        call = self.calls.get(claims.tenant_id, claims.call_id)
        if call is None or self.clock.now() >= claims.expires_at:
            raise ExpiredLink("The call that this link was for waits no longer.")
        if not call.is_undecided:
            raise UsedLink("The call that this link was for was approved or refused already, or taken back.")
        return claims, call

    def account(self, call: HeldCall) -> ConnectedAccount | None:
        """The account that the call is made as; raises StoreUnavailable."""
        return self.links.account(call.tenant_id, call.account_id)

    def left(self, claims: Claims) -> timedelta:
        """How long the link is still good."""
        return claims.expires_at - self.clock.now()

    def _link(self, call: HeldCall) -> Link:
        """It always has a code: who proves by a back end who they are decides by that back end too."""
        ends, who = call.expires_at, call.account_id
        return self.links.coded(Claims("approve", call.tenant_id, ends, account_id=who, call_id=call.id))
