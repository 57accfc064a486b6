"""A call that waits for its person, and the words in which a client is told of it."""

from dataclasses import dataclass, replace

from mcp.types import CallToolResult

from evergrant.entry.mcp import results
from evergrant.entry.mcp.handover import Handover
from evergrant.model.outcome import ConfirmationRequired, Outcome, ReauthRequired
from evergrant.service.standing import Standing

REAUTH, APPROVE = "reauth", "approve"
ForPerson = ReauthRequired | ConfirmationRequired
"""What only a person can mend."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A held call whose grant is dead, or which must be approved; `why` names the link of the person who can help."""

    who: Standing
    call_id: str
    why: ForPerson

    @classmethod
    def of(cls, who: Standing, outcome: Outcome) -> "Pending | None":
        """The call that waits, where an outcome says that one does."""
        if isinstance(outcome, ForPerson) and outcome.call_id is not None:
            return cls(who, outcome.call_id, outcome)
        return None

    @property
    def key(self) -> str:
        """Of the question, where questions are told apart by name."""
        return APPROVE if isinstance(self.why, ConfirmationRequired) else REAUTH

    @property
    def url(self) -> str:
        """Where the person helps; empty where only the operator can."""
        found = self.why.approval_url if isinstance(self.why, ConfirmationRequired) else self.why.reauth_url
        return found or ""

    @property
    def said(self) -> str:
        """For the person: what happened, and the link in plain text, since not every client shows one by itself."""
        if not self.url:
            return f"{self.why.what_happened} The operator decides."
        verb = "Look at it and approve it" if isinstance(self.why, ConfirmationRequired) else "Reconnect"
        return f"{self.why.what_happened} {verb} at {self.link}"

    @property
    def link(self) -> str:
        """The address, with the code that its page asks for."""
        code = self.why.confirmation_code
        return f"{self.url} (the page asks for this code: {code})" if code else self.url

    async def wait(self, seconds: float) -> bool:
        """Whether the person has done their part, waiting for it up to so long."""
        if isinstance(self.why, ConfirmationRequired):
            return await self.who.wait_decided(self.call_id, seconds)
        return await self.who.wait(self.call_id, seconds)

    def unfinished(self) -> CallToolResult:
        """The answer of a request that can wait no longer; the call itself does."""
        return results.failed(self.why)

    async def declined(self, handover: Handover) -> CallToolResult:
        """The answer to a person who said no: a reconnect can still come, a call that was refused is over."""
        if isinstance(self.why, ConfirmationRequired):
            refused = await self.who.decide(self.call_id, approved=False)
            # What somebody else has decided meanwhile is not carried out by a no.
            return await handover.of(self.who, await self.who.resume(self.call_id)) if refused else self.unfinished()
        happened = f"{self.why.what_happened} The person was asked to reconnect and has not agreed."
        return results.failed(replace(self.why, what_happened=happened))
