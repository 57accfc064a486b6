"""What the MCP surface works with."""

from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from evergrant.catalog.catalog import Catalog
from evergrant.service.connect import Connect
from evergrant.service.execute import Executor
from evergrant.service.links import Links
from evergrant.tokens.refusals import ReauthUrl
from evergrant.vault.accounts import Accounts

MOST_NAMED_TOOLS = 100


@dataclass(frozen=True, slots=True)
class Parts:
    """The services behind the surface, made by the composition root."""

    catalog: Catalog
    accounts: Accounts
    executor: Executor
    connect: Connect
    reauth_url: ReauthUrl
    links: Links
    log: FilteringBoundLogger
    most_named_tools: int = MOST_NAMED_TOOLS
