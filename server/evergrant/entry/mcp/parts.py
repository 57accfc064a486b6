"""What the MCP surface works with."""

from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from evergrant.catalog.catalog import Catalog
from evergrant.model.clock import Clock
from evergrant.model.principal import Principal
from evergrant.service.accounts import AccountDesk
from evergrant.service.connect import Connect
from evergrant.service.held import HeldCalls
from evergrant.service.links import Links
from evergrant.service.result_pages import ResultPages
from evergrant.service.standing import Standing
from evergrant.tokens.refusals import ReauthUrl
from evergrant.vault.accounts import Accounts

MOST_NAMED_TOOLS = 100
HOLD_S = 45.0
"""Many clients give up on a call after 60 s."""
STATE_TTL_S = 600.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The services behind the surface, made by the composition root."""

    catalog: Catalog
    accounts: Accounts
    calls: HeldCalls
    connect: Connect
    clock: Clock
    reauth_url: ReauthUrl
    links: Links
    desk: AccountDesk
    pages: ResultPages
    log: FilteringBoundLogger
    state_key: bytes = field(repr=False)
    """Seals what a client of 2026-07-28 carries from round to round; the same for every process of the vault."""
    hold_s: float = HOLD_S
    """How long a request may wait for a person, in seconds."""
    state_ttl_s: float = STATE_TTL_S
    """How long a client may take to call again, in seconds."""
    most_named_tools: int = MOST_NAMED_TOOLS

    def standing(self, principal: Principal) -> Standing:
        """What a caller sees and does."""
        return Standing(principal, self.catalog, self.accounts, self.calls)
