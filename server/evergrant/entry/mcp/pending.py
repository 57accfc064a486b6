"""A call that waits for its person, and the words in which a client is told of it."""

from dataclasses import dataclass, replace

from mcp.types import CallToolResult

from evergrant.entry.mcp import results
from evergrant.model.outcome import ReauthRequired
from evergrant.service.standing import Standing


@dataclass(frozen=True, slots=True)
class Pending:
    """A held call whose grant is dead; `dead` names the link of the person who can help."""

    who: Standing
    call_id: str
    dead: ReauthRequired

    @property
    def said(self) -> str:
        """For the person: what happened, and the link in plain text, since not every client shows one by itself."""
        return f"{self.dead.what_happened} Reconnect at {self.link}"

    @property
    def link(self) -> str:
        """The address, with the code that its page asks for."""
        code = self.dead.confirmation_code
        return f"{self.dead.reauth_url} (the page asks for this code: {code})" if code else f"{self.dead.reauth_url}"

    def unfinished(self) -> CallToolResult:
        """The answer of a request that can wait no longer; the call itself does."""
        return results.failed(self.dead)

    def declined(self) -> CallToolResult:
        """The answer to a person who said no."""
        happened = f"{self.dead.what_happened} The person was asked to reconnect and has not agreed."
        return results.failed(replace(self.dead, what_happened=happened))
