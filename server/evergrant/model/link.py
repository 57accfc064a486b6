"""Links that lead a person to a page of ours, and what such a link stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Purpose = Literal["connect", "reauth", "step_up", "approve"]
"""To connect a new account, to renew a dead grant, to add scopes to a living one, or to approve one call."""


@dataclass(frozen=True, slots=True)
class Link:
    """What to show the person who is to consent."""

    url: str
    code: str | None
    """The confirmation code that the page asks for; None where the tenant's back end proves who the person is."""

    @property
    def where(self) -> str:
        """The address, and the code that its page asks for, within a sentence."""
        return f"{self.url} (the page asks for the code {self.code})" if self.code else self.url


@dataclass(frozen=True, slots=True)
class Claims:
    """What a link stands for; it travels sealed, so nothing is stored when a link is made."""

    purpose: Purpose
    tenant_id: str
    expires_at: datetime
    connector: str | None = None
    """Of the new account."""
    account_id: str | None = None
    """The account whose grant is to be renewed, where one is."""
    consents: int = 0
    """How many consents that account had when the link was made: one more, and the link was used."""
    scopes: tuple[str, ...] = ()
    """What is asked for; the usual scopes where it is empty."""
    alias: str | None = None
    call_id: str | None = None
    """The kept call that is to be approved."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
