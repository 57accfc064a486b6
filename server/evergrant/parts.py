"""The composition of what agents meet over MCP. Apart from `app`, since few commands need it."""

from structlog.typing import FilteringBoundLogger

from evergrant.app import App
from evergrant.entry.mcp.list_changes import ListChanges
from evergrant.entry.mcp.parts import Parts
from evergrant.model.clock import SystemClock
from evergrant.model.principal import Principal
from evergrant.model.tool_mode import MODES
from evergrant.settings import LOCAL_TENANT


def mcp_parts(app: App, log: FilteringBoundLogger) -> Parts:
    """What the MCP surface works with.

    Raises UnknownToolset, BadToolsets where the operator's toolsets are not what they should be.
    """
    app.toolsets.check([name for name in app.settings.tools if name not in MODES])
    # Clients and other processes are waited for in real time, also where the app's own clock is a test's or the demo's.
    list_changes = ListChanges(app.accounts, app.held_calls.changes, SystemClock(), log)
    return Parts(
        catalog=app.catalog,
        toolsets=app.toolsets,
        list_changes=list_changes,
        accounts=app.accounts,
        calls=app.held_calls,
        search=app.tool_search,
        connect=app.connect,
        clock=app.clock,
        reauth_url=app.links.reauth,
        links=app.links,
        desk=app.desk,
        pages=app.pages,
        log=log,
        state_key=app.vault.key.ring.state_key(),
        hold_s=app.settings.hold_s,
        pace=app.pace,
        tools=app.settings.tools,
    )


def local_principal(app: App) -> Principal:
    """The person at this machine, under the server's own policy."""
    return Principal(LOCAL_TENANT, policy=app.settings.policy, vault_operator=True)
