"""What the MCP surface works with."""

from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.toolsets import Toolsets
from evergrant.entry.mcp.list_changes import ListChanges
from evergrant.model.clock import Clock
from evergrant.model.principal import Principal
from evergrant.model.tool_mode import SEARCH
from evergrant.service.accounts import AccountDesk
from evergrant.service.connect import Connect
from evergrant.service.held import HeldCalls
from evergrant.service.links import Links
from evergrant.service.result_pages import ResultPages
from evergrant.service.standing import Standing
from evergrant.service.tenant_pace import TenantPace
from evergrant.service.tool_search import ToolSearch
from evergrant.tokens.refusals import ReauthUrl
from evergrant.vault.accounts import Accounts

HOLD_S = 45.0
"""Many clients give up on a call after 60 s."""
STATE_TTL_S = 600.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The services behind the surface, made by the composition root."""

    catalog: Catalog
    toolsets: Toolsets
    list_changes: ListChanges
    accounts: Accounts
    calls: HeldCalls
    search: ToolSearch
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
    pace: TenantPace | None = None
    """How many requests each tenant may make; None is as many as it likes."""
    tools: tuple[str, ...] = (SEARCH,)
    """Whose named tools are listed: nobody's (`search`), everybody's core tools (`all`), or those of these toolsets."""

    def standing(self, principal: Principal) -> Standing:
        """What a caller sees and does."""
        return Standing(principal, self.catalog, self.accounts, self.calls, self.toolsets)
