"""What became of one refresh request, as somebody sees it who sees the wire, the provider and the vault."""

from dataclasses import dataclass
from typing import Literal

from tests.stateful.process import Process
from tests.stateful.trouble import CLEAR, LOSES_ANSWER, Trouble

Fault = Literal["crash", "lost_request", "lost_response"]


@dataclass(eq=False)
class Sending:
    """One refresh request; a kill of its sender does not call it back."""

    token: str
    sender: Process
    trouble: Trouble | None
    consents: int
    """How many consents the account had had when it was sent."""
    over: bool = False
    """The provider will not carry it out any more: it has done so, or it has not come there."""
    carried_out: bool = False
    access: str = ""
    """The access token that was issued, if it was carried out."""
    refresh: str = ""
    """The refresh token that is good from then on."""
    refused: bool = False
    """Its sender learnt that the grant is said to be dead."""
    answered: bool = False
    """Its sender was given the provider's own answer."""
    given_up: bool = False
    """The answer came back to nobody."""
    stored: bool = False
    """What it brought was seen in the vault."""

    @property
    def under_way(self) -> bool:
        """Whether the provider may yet carry it out."""
        return not self.over

    @property
    def in_doubt(self) -> bool:
        """Whether nobody who lives knows what came of it, but the provider."""
        known = self.stored or self.refused or (self.over and self.trouble in CLEAR)
        return not known

    @property
    def in_hand(self) -> bool:
        """Whether what it brought is with its living sender, or on the way there."""
        coming = not self.given_up and self.trouble not in LOSES_ANSWER
        return self.carried_out and not self.stored and self.sender.alive and coming

    @property
    def is_lost(self) -> bool:
        """Whether what it brought can reach the vault no more."""
        return self.carried_out and not self.stored and not self.in_hand

    @property
    def lost_by(self) -> Fault:
        """In the model's terms."""
        return "crash" if self.trouble not in LOSES_ANSWER and not self.sender.alive else "lost_response"
