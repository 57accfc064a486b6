"""Small parts by which the composed ones fit one another: what one asks for, made of what others give."""

import os
import sys
from contextlib import suppress

from evergrant.events.desktop import DesktopNotes, system_program
from evergrant.events.dispatcher import Dispatcher
from evergrant.model.clock import Clock
from evergrant.model.tenant import Rate
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.service.held import Tell
from evergrant.service.tenant_pace import TenantPace
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.store.database import StoreUnavailable
from evergrant.tokens.places import Places, token_host
from evergrant.tokens.schedule import Probe
from evergrant.vault.accounts import Accounts
from evergrant.vault.outbox import Outbox
from evergrant.vault.tenants import Tenants
from evergrant.vault.vault import Vault

TOLD_WITHIN_S = 2.0
"""So long an agent's answer waits for the operator's web service to take the event that says why."""


def tenant_pace(settings: Settings, tenants: Tenants, clock: Clock) -> TenantPace:
    """The vault's own tenant has a limit only where it was given one: there is nobody to protect from it."""
    usual = Rate(settings.tenant_rate, settings.tenant_burst) if settings.tenant_rate else None

    def rate_of(tenant_id: str) -> Rate | None:
        found = tenants.get(tenant_id)
        return (found and found.rate) or (None if tenant_id == LOCAL_TENANT else usual)

    return TenantPace(clock, rate_of, usual)


def teller(dispatcher: Dispatcher) -> Tell:
    """Has a tenant's news told now, and not by the next job."""

    async def tell(tenant_id: str) -> None:
        with suppress(StoreUnavailable):  # what could not be read now is told by the next job
            await dispatcher.tell(tenant_id, TOLD_WITHIN_S)

    return tell


def desktop_notes(settings: Settings, vault: Vault, outbox: Outbox, accounts: Accounts) -> DesktopNotes | None:
    """None where no notes are wished for, or this machine has no program that shows them."""
    if settings.notify != "desktop":
        return None
    show = system_program(sys.platform, os.environ)  # noqa: TID251  (the desktop's own variables)
    return DesktopNotes(outbox, accounts, LOCAL_TENANT, vault.folder / "run", show) if show else None


def in_place(endpoint: TokenEndpoint, places: Places) -> Probe:
    """A probe of a token endpoint is one of the few requests that are sent to its host at one time."""

    async def probe(client: Client) -> bool:
        async with places.at(token_host(client.connector, client.account)):
            return await endpoint.probe(client)

    return probe
